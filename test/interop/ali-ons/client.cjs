// Sends or consumes numbered messages with ali-ons, and says on stdout what came of each: "SENT body" or "FAILED body
// reason" and at last "DONE"; "RECEIVED body" until stdin is closed.
// Arguments: produce NAMESERVER TOPIC COUNT, or consume NAMESERVER TOPIC.
const { Consumer, Message, Producer } = require('ali-ons')

const [, , mode, nameServers, topic, count] = process.argv
// The addresses come from the list alone; the client that would fetch them from a server is never called.
const options = { nameSrv: nameServers.split(';'), httpclient: {}, rebalanceInterval: 500 }

async function produce() {
  const producer = new Producer({ ...options, producerGroup: 'interop-ali-ons-producer' })
  producer.on('error', report)
  await producer.ready()
  for (let number = 0; number < Number(count); number += 1) {
    const body = `${topic}-${number}`
    try {
      const { sendStatus } = await producer.send(new Message(topic, 'tag', body))
      console.log(sendStatus === 'SEND_OK' ? `SENT ${body}` : `FAILED ${body} ${sendStatus}`)
    } catch (error) {
      console.log(`FAILED ${body} ${error.message}`)
    }
  }
  console.log('DONE')
  await producer.close()
}

async function consume() {
  const consumer = new Consumer({
    ...options,
    consumerGroup: `interop-ali-ons-consumer-${topic}`,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  })
  consumer.on('error', report)
  consumer.subscribe(topic, '*', async (message) => {
    console.log(`RECEIVED ${message.body.toString()}`)
  })
  await consumer.ready()
  console.log('STARTED')
  // Only the end of the stream matters.
  for await (const _ of process.stdin);
  await consumer.close()
}

function report(error) {
  console.log(`ERROR ${error.stack}`)
}

const modes = { produce, consume }
modes[mode]().then(
  () => process.exit(0),
  (error) => {
    report(error)
    process.exit(1)
  },
)
