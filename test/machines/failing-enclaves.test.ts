/**
 * Enclaves that fail at every command in every way: the conversation is refused and cleaned up, nothing is half done, and
 * the next one goes well.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { KeyVersion } from '../../machines/index.js'
import type { Line } from '../../machines/session.js'
import type { Enclave, EnclaveAnswer, EnclaveCommand } from '../../src/enclave/commands.js'
import { callTime, drain, stock } from '../support/storm.js'
import { seeded, world, type World } from '../support/world.js'

const test = suite('byok failing enclaves')
const { crypto } = await stock()

/** Something that no error may carry outside. */
const SECRET = Buffer.from(seeded('told by a careless driver')(32))

type Perform = Enclave['perform']
type Answer = Exclude<ReturnType<Perform>, Promise<unknown>>

/** What a bad enclave does with one command. `really` carries it out. */
type Failure = (really: () => Answer, command: EnclaveCommand) => unknown

const hostile = new Proxy(
  {},
  {
    get: () => {
      throw new Error('a hostile getter')
    },
  },
)
const careless = () => new Error(`cannot use key ${SECRET.toString('hex')}`, { cause: { key: SECRET.toString('base64') } })

const OTHERS: readonly EnclaveAnswer[] = [
  { type: 'enclave.kept', key: 'x' as never },
  { type: 'enclave.destroyed', key: 'x' as never },
  { type: 'enclave.kekTrusted', kek: 'x' as never },
  { type: 'enclave.compared', genuine: true, sameKey: true, kid: null, operations: null },
]

/** Ways to fail, each with and without having done what was asked. */
const FAILURES: Readonly<Record<string, Failure>> = {
  'throws at once': () => {
    throw careless()
  },
  'throws after the work': (really) => {
    really()
    throw careless()
  },
  'throws what is no error': () => {
    throw null
  },
  rejects: () => Promise.reject(careless()),
  'rejects after the work': (really) => {
    really()
    return Promise.reject('no error')
  },
  'never answers': () => new Promise(() => {}),
  'never answers after the work': (really) => {
    really()
    return new Promise(() => {})
  },
  'answers nothing': () => undefined,
  'answers null after the work': (really) => {
    really()
    return null
  },
  'answers a text after the work': (really) => {
    really()
    return 'enclave.kept'
  },
  'answers a hostile object after the work': (really) => {
    really()
    return hostile
  },
  'answers a thenable that throws': () => ({
    then: () => {
      throw careless()
    },
  }),
  'answers an order of XState’s': () => ({ type: 'xstate.stop' }),
  'answers a word of the wire': () => ({ type: 'vault.import' }),
  'answers without members': (really) => ({ type: really()?.type }),
  'answers with members of the wrong type': (really) =>
    Object.fromEntries(Object.entries(really() ?? {}).map(([name, value]) => [name, name === 'type' ? (value as unknown) : 7])),
  'answers with one member too few': (really) => Object.fromEntries(Object.entries(really() ?? {}).slice(0, -1)),
  'answers for another command': (really, command) => {
    really()
    return OTHERS.find(({ type }) => !type.endsWith(command.type === 'keep' ? 'kept' : command.type === 'destroyKey' ? 'destroyed' : 'kekTrusted'))
  },
  'answers for another command without the work': () => OTHERS[3],
  'refuses although it has done it': (really) => {
    really()
    return { type: 'enclave.refused', fault: { code: 'enclave_failed', secret: SECRET.toString('hex') } }
  },
}

/** Which commands an undisturbed conversation gives to each enclave. */
const COMMANDS = {
  source: ['holdKek', 'trustKek', 'wrapTarget', 'close', 'compareImported', 'close'],
  vault: ['makeKek', 'keep', 'close', 'importTransfer', 'keep', 'close', 'destroyKey', 'close'],
} as const
type Side = keyof typeof COMMANDS

/** A world in which one enclave fails at its n-th command. */
async function failingWorld(side: Side, at: number, failure: Failure): Promise<World & { readonly heard: string[] }> {
  const heard: string[] = []
  let armed = false
  const built = await world({
    crypto,
    between: (enclave, of) => ({
      perform: (conversation, command) => {
        if (of !== side || !armed) return enclave.perform(conversation, command)
        heard.push(command.type)
        if (heard.length !== at + 1) return enclave.perform(conversation, command)
        return failure(() => enclave.perform(conversation, command) as Answer, command) as Answer
      },
    }),
  })
  built.ledger.witness({ name: 'a secret in an error', bytes: SECRET, enclave: side })
  await built.makeTarget('one', 'ec-P-256')
  await built.makeTarget('two', 'ec-P-256')
  armed = true
  return { ...built, heard }
}

const begin = ({ ceremony }: World, target: string) =>
  ceremony.begin({
    kek: { name: `kek-${target}`, bits: 2048, expires: null },
    disposeKek: true,
    target,
    name: target,
    kty: 'EC',
    crv: 'P-256',
    operations: ['sign', 'verify'],
    generator: 'test',
  })

const recordsOf = ({ ceremony }: World) =>
  (ceremony.session.actor('vault').getSnapshot() as { context: { keys: Record<string, readonly KeyVersion[]> } }).context.keys

/** Nothing is half done: keys and records stand for each other, and nothing of a conversation is left. */
function nothingIsHalfDone(at: World, title: string): void {
  const records = Object.values(recordsOf(at)).flat()
  const live = at.vault.describe()
  for (const { handle, owner } of live) {
    assert.is(owner, null, title)
    assert.ok(
      records.some((record) => record.handle === handle),
      `${title}: a key without a record`,
    )
  }
  for (const { handle, kek } of records) assert.ok(kek || live.some((key) => key.handle === handle), `${title}: a record without a key`)
  assert.equal(
    at.source.describe().map(({ label }) => label),
    at.source
      .describe()
      .map(({ label }) => label)
      .filter((label) => label === 'one' || label === 'two'),
    `${title}: something is left at the source`,
  )
  assert.is(at.source.describe().length, 2, title)
}

const uncaught: unknown[] = []
process.on('uncaughtException', (error) => uncaught.push(error))
process.on('unhandledRejection', (error) => uncaught.push(error))

let failures = 0
for (const [side, commands] of Object.entries(COMMANDS) as [Side, readonly string[]][])
  for (const [name, failure] of Object.entries(FAILURES))
    test(`BYOK-157 the ${side} HSM’s enclave ${name}, at each command`, async () => {
      for (const [index, command] of commands.entries()) {
        const title = `${name} at ${index + 1}. ${command}`
        const at = await failingWorld(side, index, failure)
        begin(at, 'one')
        assert.equal(await callTime(at.ceremony), [], `${title}: nobody is left waiting`)
        assert.is(at.heard[index], command, title)
        nothingIsHalfDone(at, title)
        const { client, officer } = at.ceremony.report()
        // A failing `close` is noticed by nobody, and does no harm: each conversation ends with one.
        const harmless = command === 'close' || command === 'destroyKey'
        assert.is(officer?.ok, harmless, `${title}: the officer`)
        assert.is(client?.ok, harmless, `${title}: the client`)
        if (client?.ok) assert.is(client.kekDisposed, command !== 'destroyKey')

        begin(at, 'two')
        assert.equal(await callTime(at.ceremony), [])
        const second = at.ceremony.report()
        assert.ok(second.client?.ok && second.officer?.ok, `${title}: the next conversation: ${JSON.stringify(second)}`)
        nothingIsHalfDone(at, `${title}, after the next conversation`)
        // A KEK whose destruction failed stays on record, so that it can be asked for again.
        if ('kek-one' in recordsOf(at)) {
          const again = { type: 'client.deleteKek', request: 'client-again-1', name: 'kek-one' }
          at.ceremony.session.inject({ from: 'client', to: 'vault', port: 'wire', message: again })
          await drain(at.ceremony)
        }
        assert.equal(
          Object.keys(recordsOf(at)).filter((name) => name.startsWith('kek')),
          [],
          `${title}: the KEKs are gone in the end`,
        )
        nothingIsHalfDone(at, `${title}, in the end`)
        // What an enclave itself blurts out is found where it was said, and nowhere else.
        const spread = at.ledger.leaks().filter(({ where }) => !/^message: \w+'s enclave to \w+: enclave\.refused$/.test(where))
        assert.equal(spread, [], title)
        at.ceremony.session.stop()
        failures++
      }
    })

test('BYOK-157 BYOK-129 an answer that comes when the conversation is over finds nothing alive', async () => {
  for (const [side, commands] of Object.entries(COMMANDS) as [Side, readonly string[]][])
    for (const [index, command] of commands.entries()) {
      let answer: (() => void) | undefined
      const at = await failingWorld(side, index, (really) => {
        const said = really()
        return new Promise((resolve) => (answer = () => resolve(said)))
      })
      const title = `late answer to ${index + 1}. ${command}`
      begin(at, 'one')
      assert.equal(await callTime(at.ceremony), [], title)
      const before = JSON.stringify([recordsOf(at), at.vault.describe(), at.source.describe(), at.ceremony.report()])
      const lines = at.ceremony.session.lines.length
      answer!()
      await drain(at.ceremony)
      assert.is(JSON.stringify([recordsOf(at), at.vault.describe(), at.source.describe(), at.ceremony.report()]), before, title)
      // What the enclave says is written down; nobody says anything to it.
      assert.ok(
        at.ceremony.session.lines.slice(lines).every(({ port, from }) => port === 'enclave' && from.endsWith('enclave')),
        title,
      )
      nothingIsHalfDone(at, title)
    }
})

test('BYOK-157 an answer in the midst of the next conversation is not one to it', async () => {
  for (const [side, commands] of Object.entries(COMMANDS) as [Side, readonly string[]][])
    for (const [index, command] of commands.entries()) {
      let answer: (() => void) | undefined
      const at = await failingWorld(side, index, (really) => {
        const said = really()
        return new Promise((resolve) => (answer = () => resolve(said)))
      })
      begin(at, 'one')
      await callTime(at.ceremony)
      begin(at, 'two')
      const { session } = at.ceremony
      for (let carried = 0; ; carried++) {
        const envelope = session.take()
        if (!envelope) break
        session.deliver(envelope)
        if (carried === 5) answer!()
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.equal(await callTime(at.ceremony), [])
      const second = at.ceremony.report()
      assert.ok(second.client?.ok && second.officer?.ok, `${command}: ${JSON.stringify(second)}`)
      nothingIsHalfDone(at, command)
    }
})

test('BYOK-157 an answer that comes twice ends in a refusal, or does no harm', async () => {
  const ends = { refused: 0, completed: 0 }
  for (const [side, commands] of Object.entries(COMMANDS) as [Side, readonly string[]][])
    for (const [index, command] of commands.entries()) {
      let again = -1
      const role = side === 'source' ? 'sourceHsm' : 'vaultHsm'
      const at = await failingWorld(side, index, (really) => {
        again = at.ceremony.session.lines.length
        return really()
      })
      begin(at, 'one')
      const { session } = at.ceremony
      for (let twice = false; ;) {
        const envelope = session.take()
        if (!envelope) break
        session.deliver(envelope)
        const answer: Line | undefined = again >= 0 && !twice ? session.lines.slice(again).find(({ port, to }) => port === 'enclave' && to === role) : undefined
        // As a port of somebody else's might do it.
        if (answer) session.actor(role).send(answer.message)
        twice ||= answer !== undefined
      }
      assert.equal(await callTime(at.ceremony), [], command)
      nothingIsHalfDone(at, `${command} answered twice`)
      assert.equal(at.ledger.leaks(), [])
      ends[at.ceremony.report().officer?.ok ? 'completed' : 'refused']++
    }
  assert.ok(ends.refused > 0 && ends.completed > 0, JSON.stringify(ends))
})

test('BYOK-160 nothing was thrown past a role', () => {
  assert.equal(uncaught, [])
  process.stdout.write(`${failures} failures of enclaves\n`)
  assert.is(failures, Object.keys(FAILURES).length * (COMMANDS.source.length + COMMANDS.vault.length))
})

test.run()
