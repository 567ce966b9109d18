import { accessTestView, whoAmIView } from './access-views.ts'
import { brokerTopicsView } from './broker-topics-view.ts'
import { brokersView, brokerView, clustersView } from './broker-views.ts'
import { clientsView, connectionsView } from './connections/connection-views.ts'
import { departuresView } from './departures-view.ts'
import { digestView } from './digest-view.ts'
import { eventsView } from './events-view.ts'
import { explainView } from './explain/explain-view.ts'
import { findingsView } from './findings-view.ts'
import { kvView } from './kv-view.ts'
import { missesView } from './misses-view.ts'
import { observedViews } from './observed-views.ts'
import { openApiView } from './openapi.ts'
import { peersView } from './peers-view.ts'
import { rejectionsView } from './rejections-view.ts'
import { configView, statusView } from './server-views.ts'
import type { InspectSources } from './sources.ts'
import { topicRouteView, topicsView, topicView } from './topic-views.ts'
import type { View } from './view.ts'

/** Every view of a server, or of the NameServer that it observes. */
export function allViews(sources: InspectSources): View[] {
  const all = [
    statusView(sources),
    clustersView(sources),
    brokersView(sources),
    brokerView(sources),
    brokerTopicsView(sources),
    departuresView(sources),
    topicsView(sources),
    topicView(sources),
    topicRouteView(sources),
    kvView(sources),
    configView(sources),
    connectionsView(sources),
    clientsView(sources),
    eventsView(sources),
    rejectionsView(sources),
    whoAmIView(sources),
    accessTestView(sources),
    missesView(sources),
    explainView(sources),
    findingsView(sources),
    digestView(sources),
    peersView(sources),
  ]
  const views = sources.observed === undefined ? all : observedViews(all, sources)
  return [...views, openApiView(views, sources.identity.version)]
}
