/**
 * A role in a process of its own that is killed in the middle of a conversation, and taken up by another process from the
 * snapshot in a file, while its enclave lives on elsewhere.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sendTo, setup, type EventObject } from 'xstate'
import { HEARS } from '../../machines/byok/vocabulary.js'
import { closedPort, type Message } from '../../machines/ports.js'
import type { EnclaveCommand } from '../../src/enclave/commands.js'
import type { Told } from '../support/role-process.js'
import { drain, stock } from '../support/storm.js'
import { kindOf, world, type World } from '../support/world.js'

const test = suite('byok processes')
const { crypto } = await stock()
const script = fileURLToPath(new URL('../support/role-process.ts', import.meta.url))

/** Stands in a session for a role that is elsewhere. */
const relayTo = (pass: (message: Message) => void) =>
  setup({
    types: { events: {} as EventObject & { readonly port?: string; readonly message?: Message } },
    actors: { wire: closedPort, console: closedPort },
    actions: {
      say: sendTo(
        ({ event }) => event.port ?? 'wire',
        ({ event }) => event.message as EventObject,
      ),
      pass: ({ event }) => pass(event),
    },
  }).createMachine({
    invoke: [
      { src: 'wire', id: 'wire' },
      { src: 'console', id: 'console' },
    ],
    on: { 'relay.say': { actions: 'say' }, '*': { actions: 'pass' } },
  })

/** A source HSM whose machine runs in a child, and whose children may be killed. */
class Elsewhere {
  readonly #at: World
  readonly #file: string
  readonly #kept: Message[] = []
  #child: ChildProcess | null = null
  #states: string[] = []
  /** What the child has said and asked since it last stored its state. */
  #said: Told[] = []
  /** The state in which the child is to be found dead: nothing is told to it any more. */
  #doom: string | null = null
  readonly pids: number[] = []

  constructor(at: World, file: string) {
    this.#at = at
    this.#file = file
    at.ceremony.session.add(
      'sourceHsm',
      relayTo((message) => this.#pass(message)),
      { hears: HEARS.sourceHsm },
    )
  }

  /** Starts a child, which goes on from the file if there is one. */
  start(doom: string | null = null): void {
    this.#doom = doom
    this.#said = []
    const child = fork(script, [this.#file], { execArgv: ['--import', 'tsx'] })
    this.#child = child
    this.#states = []
    this.pids.push(child.pid!)
    child.on('message', (told: Told) => {
      if (this.#child !== child) return
      if (told.kind !== 'stored') this.#said.push(told)
      else {
        this.#states.push(told.value)
        for (const said of this.#said.splice(0)) this.#take(child, said)
      }
    })
    for (const message of this.#kept.splice(0)) this.#pass(message)
  }

  /** Waits for the child to have stored a state; carries what the others say meanwhile. */
  async reaches(state: string): Promise<void> {
    await until(async () => {
      await drain(this.#at.ceremony)
      return this.#states.includes(state)
    })
  }

  /** Ends the child as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child) return
    this.#child = null
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  timeout(): void {
    this.#child?.send({ kind: 'hear', port: 'app', message: { type: 'app.timeout' } } satisfies Told)
  }

  #pass(message: Message): void {
    const port = (HEARS.sourceHsm.wire as readonly string[]).includes(message.type) ? 'wire' : 'console'
    if (this.#child && !this.#frozen()) this.#child.send({ kind: 'hear', port, message } satisfies Told)
    else this.#kept.push(message)
  }

  #take(child: ChildProcess, told: Told): void {
    if (told.kind === 'said') this.#at.ceremony.session.actor('sourceHsm').send({ type: 'relay.say', port: told.port, message: told.message })
    if (told.kind === 'perform') void this.#perform(child, told.id, told.conversation, told.command)
  }

  async #perform(child: ChildProcess, id: number, conversation: string, command: EnclaveCommand): Promise<void> {
    const answer = await this.#at.source.perform(conversation, command)
    if (this.#child === child && !this.#frozen()) child.send({ kind: 'answer', id, answer } satisfies Told)
  }

  #frozen = () => this.#doom !== null && this.#states.includes(this.#doom)
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds());) {
    if (Date.now() > end) throw new Error('nothing happens any more')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const ended = ({ ceremony }: World) => Object.values(ceremony.report()).every((outcome) => outcome !== null)

for (const [state, completes] of [
  ['expectOfficer', true],
  ['holdingKek', false],
  ['trustingKek', false],
  ['wrapping', false],
] as const)
  test(`BYOK-155 BYOK-31 killed in ${state}: the next process ${completes ? 'goes on to the end' : 'has lost the enclave’s answer, refuses and cleans up'}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-'))
    const at = await world({ crypto })
    const elsewhere = new Elsewhere(at, join(folder, 'source-hsm.json'))
    try {
      await at.makeTarget('target', 'ec-P-256')
      at.ceremony.begin({
        kek: { name: 'kek', bits: 2048, expires: null },
        disposeKek: true,
        target: 'target',
        name: 'payroll',
        ...kindOf('ec-P-256'),
        generator: 'test',
      })
      elsewhere.start(state)
      await elsewhere.reaches(state)
      await elsewhere.kill()
      assert.is(at.source.describe().filter(({ class: of }) => of === 'public').length, 1, 'the enclave lives on')
      elsewhere.start()
      await elsewhere.reaches(completes ? 'waiting' : state)
      if (!completes) elsewhere.timeout()
      await until(async () => {
        await drain(at.ceremony)
        // Whom the refusal did not reach is told that time is up.
        if (!completes && at.ceremony.report().officer === null) at.ceremony.session.actor('officer').send({ type: 'app.timeout' })
        return ended(at)
      })
      const { client, officer } = at.ceremony.report()
      assert.equal([client?.ok, officer?.ok], [completes, completes], JSON.stringify([client, officer]))
      await until(async () => at.source.describe().length === 1)
      assert.is(at.source.describe()[0]!.label, 'target', 'BYOK-159 no KEK is left at the source')
      assert.is(at.vault.describe().length, completes ? 1 : 0)
      assert.is(new Set(elsewhere.pids).size, 2)
      at.ledger.show('file', 'the snapshot', readFileSync(join(folder, 'source-hsm.json'), 'utf8'))
      assert.equal(at.ledger.leaks(), [])
    } finally {
      await elsewhere.kill()
      rmSync(folder, { recursive: true, force: true })
    }
  })

test.run()
