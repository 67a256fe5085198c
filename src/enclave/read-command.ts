/**
 * What reaches an enclave is data from outside: this file makes a command of it that has the declared shape, shares
 * nothing with what the caller holds, and has no members but its own. Anything else is `command_invalid`.
 *
 * Shape only. Whether a command may be done is said by the rules; whether its bytes are any good, by the work on them.
 *
 * Requirements: BYOK-111, BYOK-136, BYOK-160.
 * @module
 */
import { list, word } from '../bytes/shape.js'
import { CURVES } from '../crypto/keys.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import type { EnclaveFault, KeyHandle, Kid, Operation } from './commands.js'
import { KEY_KINDS, OPERATIONS } from './kinds.js'
import type { LoadKey, RuleCommand } from './state.js'

/** A command as the rules take it, or the end of the conversation. */
export type ReadCommand = Exclude<RuleCommand, LoadKey> | { readonly type: 'close' }

/** Reads a command. Never throws, whatever it is given: hostile getters and proxies included. */
export function readCommand(value: unknown): Verdict<ReadCommand, EnclaveFault> {
  try {
    const members = membersOf(value, 'command')
    const type = READERS.get(text(members, 'type'))
    if (type === undefined) throw new Misshapen('type')
    return accept(type(members))
  } catch (error) {
    return refuse({ code: 'command_invalid', at: Misshapen.placeIn(error) ?? 'command' })
  }
}

/** Whether a text may be the label of a key: shown to people, so printable, and not empty. */
export const isLabel = (value: string): boolean => value !== '' && value.length <= TEXT_LIMIT && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(value)

/** Base64url characters of the largest thing that a command carries, a blob of 8 KiB (BYOK-96). */
export const BYTES_LIMIT = 10923

type Members = Readonly<Record<string, unknown>>

class Misshapen extends Error {
  readonly #at: string

  constructor(at: string) {
    super(at)
    this.#at = at
  }

  /** The place, if the error is one of ours. What a hostile getter throws may be a proxy, and `instanceof` would ask that. */
  static placeIn(error: unknown): string | null {
    return typeof error === 'object' && error !== null && #at in error ? error.#at : null
  }
}

const TEXT_LIMIT = 256
// How long a blob may be is part of the one refusal for blobs; evidence that is too long is bad evidence.
const ANY_LENGTH = Number.POSITIVE_INFINITY

const readOperations = list(word(...OPERATIONS), OPERATIONS.length)

const READERS: ReadonlyMap<string, (members: Members) => ReadCommand> = new Map(
  Object.entries({
    holdKek: (members) => ({
      type: 'holdKek',
      kid: kid(members['kid']),
      n: text(members, 'n', BYTES_LIMIT),
      e: text(members, 'e', BYTES_LIMIT),
      evidence: members['evidence'] === null ? null : text(members, 'evidence', ANY_LENGTH),
    }),
    trustKek: (members) => ({ type: 'trustKek', kek: handle(members, 'kek'), by: text(members, 'by') }),
    wrapTarget: (members) => ({ type: 'wrapTarget', kek: handle(members, 'kek'), target: label(members, 'target') }),
    compareImported: (members) => ({ type: 'compareImported', target: label(members, 'target'), evidence: text(members, 'evidence', ANY_LENGTH) }),
    makeKek: (members) => ({ type: 'makeKek', name: name(members, 'name'), bits: number(members, 'bits') }),
    importTransfer: (members) => {
      const kty = oneOf(['RSA', 'EC', 'oct'] as const, members, 'kty')
      const crv = members['crv'] === null ? null : oneOf(CURVES, members, 'crv')
      if ((kty === 'EC') !== (crv !== null)) throw new Misshapen('crv')
      const ciphertext = text(members, 'ciphertext', ANY_LENGTH)
      return { type: 'importTransfer', kek: handle(members, 'kek'), ciphertext, name: name(members, 'name'), kty, crv, operations: operations(members) }
    },
    generateKey: (members) => {
      const { extractable } = members
      if (typeof extractable !== 'boolean') throw new Misshapen('extractable')
      return { type: 'generateKey', label: label(members, 'label'), kind: oneOf(KEY_KINDS, members, 'kind'), operations: operations(members), extractable }
    },
    keep: (members) => ({ type: 'keep', key: handle(members, 'key') }),
    destroyKey: (members) => ({ type: 'destroyKey', key: handle(members, 'key') }),
    close: () => ({ type: 'close' }),
  } satisfies { [T in ReadCommand['type']]: (members: Members) => Extract<ReadCommand, { type: T }> }),
)

function membersOf(value: unknown, at: string): Members {
  if (typeof value !== 'object' || value === null) throw new Misshapen(at)
  return value as Members
}

function text(members: Members, at: string, limit = TEXT_LIMIT): string {
  const value = members[at]
  if (typeof value !== 'string' || value.length > limit) throw new Misshapen(at)
  return value
}

const handle = (members: Members, at: string) => text(members, at) as KeyHandle

function number(members: Members, at: string): number {
  const value = members[at]
  if (typeof value !== 'number') throw new Misshapen(at)
  return value
}

function oneOf<T extends string>(all: readonly T[], members: Members, at: string): T {
  const value = text(members, at)
  const found = all.find((one) => one === value)
  if (found === undefined) throw new Misshapen(at)
  return found
}

function label(members: Members, at: string): string {
  const value = text(members, at)
  if (!isLabel(value)) throw new Misshapen(at)
  return value
}

function name(members: Members, at: string): string {
  const value = text(members, at)
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(value)) throw new Misshapen(at)
  return value
}

function operations(members: Members): readonly Operation[] {
  const found = readOperations(members['operations'])
  if (found === undefined || new Set(found).size !== found.length) throw new Misshapen('operations')
  return found
}

function kid(value: unknown): Kid {
  const members = membersOf(value, 'kid')
  const version = text(members, 'version', 32)
  if (!/^[0-9a-f]{32}$/.test(version)) throw new Misshapen('version')
  return { vault: label(members, 'vault'), name: name(members, 'name'), version }
}
