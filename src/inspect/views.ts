import { eventsView } from './events-view.ts'
import { findingsView } from './findings-view.ts'
import type { InspectSources } from './sources.ts'
import type { View } from './view.ts'

/** Every view of a server. */
export function allViews(sources: InspectSources): View[] {
  return [eventsView(sources), findingsView(sources)]
}
