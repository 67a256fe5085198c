/**
 * One role in somebody else's program, by the public entry points alone: ports that the program brings, progress to watch,
 * an output that is a value, a snapshot to keep.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, toPromise } from 'xstate'
import { enclavePort, HEARS, linkPort, sourceHsmMachine, toolMachine, type Link, type Message, type Outcome } from '../../machines/index.js'
import { readMessage } from '../../src/byok/index.js'
import { pure } from '../../src/crypto/pure.js'
import { softwareEnclave } from '../../src/enclave/index.js'
import { systemRandom } from '../support/providers.js'
import { samples } from './byok/samples.js'

const test = suite('byok embedding')

/** A program of fifteen lines that plays the HSM vendor's tool. */
const program = async (files: readonly Message[], print: (text: string) => void): Promise<Outcome<{ readonly file: string }>> => {
  let hear: (message: Message) => void = () => {}
  const link: Link = {
    send: (message) => print(`says ${message.type}`),
    listen: (ear) => {
      hear = ear
      return () => print('hangs up')
    },
  }
  const wire = linkPort({ link, hears: HEARS.tool.wire, read: readMessage })
  const tool = createActor(toolMachine.provide({ actors: { wire } }), { input: { generator: 'Example 1.0' } })
  tool.on('progress', ({ step }) => print(`progress ${step}`))
  tool.start()
  for (const file of files) hear(file)
  return toPromise(tool)
}

test('BYOK-160 fifteen lines embed a role', async () => {
  const lines: string[] = []
  const output = await program([samples['client.kek'], samples['sourceHsm.wrapped']], (line) => lines.push(line))
  assert.equal(lines, ['says tool.wrap', 'says tool.file', 'progress fileWritten', 'hangs up'])
  assert.ok(output.ok && output.file !== '')
  const body = program.toString().split('\n').slice(1, -1)
  assert.ok(body.length <= 15, `${body.length} lines`)
})

test('BYOK-160 a refusal is an output like any other', async () => {
  const lines: string[] = []
  const output = await program([samples['client.kek'], samples['sourceHsm.refused']], (line) => lines.push(line))
  assert.equal(lines, ['says tool.wrap', 'says tool.refused', 'progress refused', 'hangs up'])
  assert.equal(output, { ok: false, fault: { code: 'kek_rejected', at: 'sourceHsm.refused', requirement: 'BYOK-8' } })
})

test('BYOK-155 a role with an enclave and a console is stored as JSON and taken up again, with the enclave elsewhere', () => {
  const enclave = softwareEnclave({ crypto: pure(systemRandom), policy: { singleUse: true } })
  const ears = new Map<string, (message: Message) => void>()
  const said: Message[] = []
  const port = (name: 'wire' | 'console') => {
    const link: Link = {
      send: (message) => said.push(message),
      listen: (ear) => {
        ears.set(name, ear)
        return () => void ears.delete(name)
      },
    }
    return linkPort({ link, hears: HEARS.sourceHsm[name] ?? [], read: readMessage })
  }
  const machine = sourceHsmMachine.provide({ actors: { wire: port('wire'), console: port('console'), enclave: enclavePort(enclave, 'source') } })
  const first = createActor(machine, { input: { kekProof: 'none' } }).start()
  // A public key of 2048 bits that nobody has the other half of.
  const n = Buffer.concat([Buffer.of(0xc1), Buffer.alloc(254, 0x5a), Buffer.of(1)]).toString('base64url')
  ears.get('wire')!(Object.assign({}, samples['tool.wrap'], { n }))
  const stored = JSON.stringify(first.getPersistedSnapshot())
  first.stop()
  assert.is(ears.size, 0)

  const second = createActor(machine, { snapshot: JSON.parse(stored), input: { kekProof: 'none' } }).start()
  assert.is(second.getSnapshot().value, 'expectOfficer')
  const offer = said.find(({ type }) => type === 'sourceHsm.kekOffered') as Message & { kek: string }
  assert.is(enclave.describe()[0]?.handle, offer.kek, 'the enclave still holds the KEK')
  ears.get('console')!({ type: 'officer.rejectKek' })
  assert.is(second.getSnapshot().value, 'waiting')
  assert.equal(enclave.describe(), [])
  assert.equal(
    said.map(({ type }) => type),
    ['sourceHsm.kekOffered', 'sourceHsm.refused', 'sourceHsm.stopped'],
  )
})

test.run()
