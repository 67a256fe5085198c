/**
 * A source HSM's machine in a process of its own: its wire, its console and its enclave are with the parent, over IPC, and
 * its snapshot is in a file, which is written after every event. Started by `test/machines/processes.test.ts`.
 * @module
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createActor, type AnyMachineSnapshot, type Snapshot } from 'xstate'
import { sourceHsmMachine } from '../../machines/byok/source-hsm.js'
import { HEARS } from '../../machines/byok/vocabulary.js'
import { enclavePort, linkPort, type Link, type Message } from '../../machines/ports.js'
import { readMessage } from '../../src/byok/read-message.js'
import type { EnclaveAnswer } from '../../src/enclave/commands.js'

/** What parent and child tell each other. */
export type Told =
  | { readonly kind: 'hear'; readonly port: string; readonly message: Message }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: EnclaveAnswer | null }
  | { readonly kind: 'said'; readonly port: 'wire' | 'console'; readonly message: Message }
  | { readonly kind: 'perform'; readonly id: number; readonly conversation: string; readonly command: never }
  | { readonly kind: 'stored'; readonly value: string }

const file = process.argv[2]
if (file !== undefined && process.send) runRole(file, (told) => process.send!(told))

function runRole(path: string, tell: (told: Told) => void): void {
  const ears = new Map<string, (message: Message) => void>()
  const waiting = new Map<number, (answer: EnclaveAnswer | null) => void>()
  let asked = 0
  const link = (port: 'wire' | 'console'): Link => ({
    send: (message) => tell({ kind: 'said', port, message }),
    listen: (ear) => {
      ears.set(port, ear)
      return () => void ears.delete(port)
    },
  })
  const enclave = {
    perform: (conversation: string, command: unknown) => {
      const id = ++asked
      tell({ kind: 'perform', id, conversation, command: command as never })
      return new Promise<EnclaveAnswer | null>((resolve) => waiting.set(id, resolve))
    },
  }
  const machine = sourceHsmMachine.provide({
    actors: {
      wire: linkPort({ link: link('wire'), hears: HEARS.sourceHsm.wire, read: readMessage }),
      console: linkPort({ link: link('console'), hears: HEARS.sourceHsm.console ?? [], read: readMessage }),
      enclave: enclavePort(enclave, 'sourceHsm'),
    },
  })
  const snapshot = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Snapshot<unknown>) : undefined
  const actor = createActor(machine, snapshot ? { snapshot, input: { kekProof: 'attested' } } : { input: { kekProof: 'attested' } })
  const store = () => {
    writeFileSync(`${path}.new`, JSON.stringify(actor.getPersistedSnapshot()))
    renameSync(`${path}.new`, path)
    tell({ kind: 'stored', value: String((actor.getSnapshot() as AnyMachineSnapshot).value) })
  }
  actor.subscribe(store)
  actor.start()
  store()
  process.on('message', (told: Told) => {
    if (told.kind === 'hear' && told.port === 'app') actor.send(told.message as { type: 'app.timeout' })
    else if (told.kind === 'hear') ears.get(told.port)?.(told.message)
    else if (told.kind === 'answer') waiting.get(told.id)?.(told.answer)
  })
}
