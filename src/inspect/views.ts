import { digestView } from './digest-view.ts'
import { eventsView } from './events-view.ts'
import { peersView } from './peers-view.ts'
import type { InspectSources } from './sources.ts'
import type { View } from './view.ts'

/** Every view of a server. */
export function allViews(sources: InspectSources): View[] {
  return [eventsView(sources), digestView(sources), peersView(sources)]
}
