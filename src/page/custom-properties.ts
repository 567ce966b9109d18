import { noChange } from 'lit-html'
import { Directive, directive, type ElementPart } from 'lit-html/directive.js'

class CustomProperties extends Directive {
  render(_values: Readonly<Record<`--${string}`, string | number>>): unknown {
    return noChange
  }

  override update({ element }: ElementPart, [values]: Parameters<this['render']>): unknown {
    const { style } = element as HTMLElement
    for (const [name, value] of Object.entries(values))
      if (style.getPropertyValue(name) !== `${value}`) style.setProperty(name, `${value}`)
    return noChange
  }
}

/**
 * Sets custom properties of an element, for numbers that the stylesheet draws: the CSP forbids `style` attributes.
 *
 *     html`<div ${customProperties({ '--row': 3 })}></div>`
 */
export const customProperties = directive(CustomProperties)
