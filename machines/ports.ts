/**
 * The ports through which a role touches the world, as actors to plug in with `machine.provide`.
 *
 *   role ⇄ wire      a {@link Link}: HTTP, files, a queue; read and written by enemies
 *   role ⇄ enclave   an {@link AnyEnclave}, for one conversation
 *   role ⇄ console   a {@link Link} to the trusted device at which a person stands
 *   role ⇄ local     a {@link Link} to another part of the same trusted machine: a call, not a network
 *
 * An event does not show which port it came through. So a port lets only its own vocabulary in: a wire can never say
 * `enclave.…`, and nobody can say `xstate.…`; and it lets it in only in its declared shape, so that a role never meets a
 * missing member (BYOK-154). What is not let in is dropped and reported to `onDropped`.
 *
 * @module
 */
import { fromCallback, type CallbackActorLogic, type EventObject } from 'xstate'
import { readAnswer } from '../src/enclave/read-answer.js'

/** Any message: a type name and plain data. */
export interface Message {
  readonly type: string
}

/** A two-way channel to a peer. `listen` returns the function that stops listening. */
export interface Link {
  /** Says something to the peer. */
  send(message: Message): void
  /** Hears whatever the peer says from now on. */
  listen(receiver: (message: Message) => void): () => void
}

/** The actor type of every port of every role. */
export type Port = CallbackActorLogic<EventObject>

/** The port of a role that nobody has connected: swallows what is said and never says anything. */
export const closedPort: Port = fromCallback(() => {})

/** A key store as a port sees it: whatever commands and answers its protocol has. */
export interface AnyEnclave {
  /** Carries out one command of one conversation; answers `null` to `close`. */
  perform(conversation: string, command: never): unknown
}

/** How a wire, console or local port is connected. */
export interface LinkPortOptions {
  readonly link: Link
  /** The type names that may come in. */
  readonly hears: readonly string[]
  /** Makes a message of declared shape of whatever comes in, or `null` (for BYOK: `readMessage`, for SKI: `readSkiMessage`). */
  readonly read: (value: unknown) => Message | null
  /** Serialises what comes in through this and other ports of the same role. */
  readonly turnstile?: Turnstile
  /** Told of each message that was not let in. */
  readonly onDropped?: (value: unknown) => void
}

/** A wire, console or local port on a link. */
export function linkPort({ link, hears, read, turnstile, onDropped }: LinkPortOptions): Port {
  const vocabulary = wordsOf(hears)
  return fromCallback(({ sendBack, receive }) => {
    receive((message) => {
      link.send(message)
      turnstile?.said(message)
    })
    return link.listen((value) => {
      const message = read(value)
      if (message === null || !vocabulary.has(message.type)) onDropped?.(value)
      else if (turnstile) turnstile.heard(message, sendBack)
      else sendBack(message)
    })
  })
}

/**
 * The enclave port: carries commands of one conversation to an enclave and brings its answers back, now or later.
 * Whatever goes wrong (it throws, rejects, answers with something that is not an answer) becomes `enclave.refused`,
 * without the cause: an error of a token may tell more than it should (BYOK-157, SKI-246).
 *
 * `conversation` must be the same after a restart, so that `close` finds what the conversation had made. `read` makes an
 * answer of declared shape of whatever the enclave says, or `null`; BYOK's unless given.
 */
export function enclavePort(enclave: AnyEnclave, conversation: string, read: (value: unknown) => Message | null = readAnswer): Port {
  return fromCallback(({ sendBack, receive }) => {
    let run = 0
    receive((command) => {
      // What was asked before a `close` is answered to nobody: the conversation that asked is over.
      if (command.type === 'close') run++
      const asked = run
      const answer = (said: unknown) => {
        if (asked === run && command.type !== 'close') sendBack(read(said) ?? FAILED)
      }
      try {
        const said = enclave.perform(conversation, command as never)
        if (isPromise(said)) said.then(answer, () => answer(FAILED))
        else answer(said)
      } catch {
        answer(FAILED)
      }
    })
    return () => {
      run++
    }
  })
}

/**
 * Lets honest peers wait for each other: a role that is asked something hears nothing else that asks until it has
 * answered. Safety never depends on it (BYOK-156); without it, a second question is out of turn and refused.
 */
export interface Turnstile {
  /** Something came in: delivered now, or when its turn comes. */
  heard(message: Message, deliver: (message: Message) => void): void
  /** The role said something, which may end the exchange in hand. */
  said(message: Message): void
}

/** A turnstile for one role: `asks` and `answers` say which messages begin and end an exchange. */
export function turnstile({ asks, answers }: { readonly asks: readonly string[]; readonly answers: readonly string[] }): Turnstile {
  const waiting: (() => void)[] = []
  let busy = false
  const begin = (message: Message, deliver: (message: Message) => void) => {
    busy = true
    deliver(message)
  }
  return {
    heard(message, deliver) {
      if (!asks.includes(message.type)) deliver(message)
      else if (busy) waiting.push(() => begin(message, deliver))
      else begin(message, deliver)
    },
    said(message) {
      if (!answers.includes(message.type)) return
      busy = false
      waiting.shift()?.()
    },
  }
}

const FAILED = { type: 'enclave.refused', fault: { code: 'enclave_failed', requirement: 'BYOK-157' } } as const

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise || typeof (value as { then?: unknown } | null)?.then === 'function'

function wordsOf(names: readonly string[]): ReadonlySet<string> {
  // XState treats `xstate.stop` as an order, whoever sends it.
  if (names.some((name) => name.startsWith('xstate.') || name.includes('*')))
    throw new TypeError('a port vocabulary names events one by one, none of XState’s own')
  return new Set(names)
}
