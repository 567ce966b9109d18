import { html, nothing, type TemplateResult } from 'lit-html'
import { badge, command } from './components.ts'
import type { Store } from './store.ts'

const TIMEOUT_MS = 10_000
/** A tab reads its address once; later it would find nothing there. */
const KEPT_MS = 60_000

/** A link to JSON cannot carry the token of the page: instead of following it, the page says how to read the JSON. */
export class JsonDialog {
  readonly #store: Store
  readonly #changed: () => void
  /** Of the link that was pressed, relative to the page. */
  #address: string | undefined
  #problem: string | undefined

  /** @param changed - Renders again. */
  constructor(store: Store, changed: () => void) {
    this.#store = store
    this.#changed = changed
  }

  /** To be called with each click on the page. */
  readonly onClick = (event: MouseEvent): void => {
    const link = (event.target as Element).closest?.('a.json')
    if (link === null || link === undefined || !this.#store.hasToken) return
    event.preventDefault()
    this.#address = link.getAttribute('href') as string
    this.#problem = undefined
    this.#changed()
  }

  render(): TemplateResult | typeof nothing {
    if (this.#address === undefined) return nothing
    return html`<dialog aria-labelledby="json-title" @close=${this.#onClose}>
      <form method="dialog">
        <h2 id="json-title">JSON of <code>${this.#address}</code></h2>
        <p>A link cannot carry the token. With the token in a file, run:</p>
        ${command(curlCommand(this.#address))}
        ${this.#problem === undefined ? nothing : html`<p class="error" role="alert">${badge('critical', 'Not opened')} ${this.#problem}</p>`}
        <div class="buttons">
          <button type="button" @click=${() => void this.#open()}>Open in a new tab</button>
          <button>Close</button>
        </div>
      </form>
    </dialog>`
  }

  readonly #onClose = (): void => {
    this.#address = undefined
    this.#changed()
  }

  async #open(): Promise<void> {
    this.#problem = await this.#problemOfOpening(this.#address ?? '')
    this.#changed()
  }

  /** Undefined if a tab shows it. */
  async #problemOfOpening(address: string): Promise<string | undefined> {
    try {
      const response = await this.#store.fetch(address, {}, AbortSignal.timeout(TIMEOUT_MS))
      if (!response.ok) return `The server responded with status ${response.status}.`
      const url = URL.createObjectURL(new Blob([await response.text()], { type: 'application/json' }))
      setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
      return open(url) === null ? 'The browser blocks new tabs of this page.' : undefined
    } catch {
      return 'The server did not respond.'
    }
  }
}

/** The token is in no command line, where other users of the machine would see it. */
function curlCommand(address: string): string {
  const url = new URL(address, location.href).href.replaceAll("'", '%27')
  return `printf 'Authorization: Bearer %s' "$(cat TOKEN_FILE)" | curl -H @- '${url}'`
}
