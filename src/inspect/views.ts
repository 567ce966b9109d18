import { brokersView, brokerView, clustersView } from './broker-views.ts'
import { eventsView } from './events-view.ts'
import { explainView } from './explain/explain-view.ts'
import { findingsView } from './findings-view.ts'
import { missesView } from './misses-view.ts'
import type { InspectSources } from './sources.ts'
import { topicRouteView, topicsView, topicView } from './topic-views.ts'
import type { View } from './view.ts'

/** Every view of a server. */
export function allViews(sources: InspectSources): View[] {
  return [
    clustersView(sources),
    brokersView(sources),
    brokerView(sources),
    topicsView(sources),
    topicView(sources),
    topicRouteView(sources),
    eventsView(sources),
    missesView(sources),
    explainView(sources),
    findingsView(sources),
  ]
}
