import { CodedError } from '../common/coded-error.ts'

/** A consumer of events was so slow that events it had not taken are no longer kept. The next iteration begins with those that are. */
export class EventsLostError extends CodedError<'ERR_EVENTS_LOST'> {}
