import type { TemplateResult } from 'lit-html'
import type { Route } from './router.ts'
import type { Store } from './store.ts'
import { accessView } from './views/access.ts'
import { brokerView } from './views/broker.ts'
import { brokersView } from './views/brokers.ts'
import { clientsView } from './views/clients.ts'
import { configurationView } from './views/configuration.ts'
import { connectionView } from './views/connection.ts'
import { eventsView } from './views/events.ts'
import { kvView } from './views/kv.ts'
import { overviewView } from './views/overview.ts'
import { topicView } from './views/topic.ts'
import { topicsView } from './views/topics.ts'

/** What a view is rendered from. */
export interface Page {
  readonly store: Store
  readonly route: Route
  /** By the clock of the server. */
  readonly nowMs: number
  /** Renders again: something that the view keeps itself has changed. */
  readonly changed: () => void
}

/** A view: what is below the header. */
export interface View {
  readonly title: string
  /** Called whenever something may have changed; whatever it watches is kept up to date. */
  readonly render: (page: Page) => TemplateResult
}

/** The entries of the navigation; each is the first segment of the paths of its views. */
export const NAVIGATION = [
  ['', 'Overview'],
  ['topics', 'Topics'],
  ['brokers', 'Brokers'],
  ['clients', 'Clients'],
  ['access', 'Access'],
  ['events', 'Events'],
  ['kv', 'KV'],
  ['configuration', 'Configuration'],
] as const

/** The view of a path; undefined for a path that no view has. */
export function viewOf([section = '', name, ...rest]: readonly string[]): View | undefined {
  if (rest.length > 0) return undefined
  if (name !== undefined) {
    if (section === 'topics') return topicView(name)
    if (section === 'brokers') return brokerView(name)
    if (section === 'clients' && /^[1-9]\d{0,14}$/.test(name)) return connectionView(name)
    return undefined
  }
  return VIEWS.get(section)
}

const VIEWS: ReadonlyMap<string, View> = new Map([
  ['', overviewView],
  ['topics', topicsView],
  ['brokers', brokersView],
  ['clients', clientsView],
  ['access', accessView],
  ['events', eventsView],
  ['kv', kvView],
  ['configuration', configurationView],
])
