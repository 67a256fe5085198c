/**
 * The replay ledger: which blobs and which keys this store has taken. Pure functions over sorted plain data. A store that
 * is not told to take each once (assumption A4) keeps none.
 *
 * An import reserves its blob and its key for its conversation. Keeping the key makes the entry final; closing the
 * conversation, or destroying the key unkept, releases it, so that an import that came to nothing costs nothing. A final
 * entry stays when the key is destroyed. Whether a match refuses an import is said in `rules.ts`.
 *
 * Requirements: BYOK-22, BYOK-132.
 * @module
 */
import type { KeyHandle, KeyIdentity } from './commands.js'

/** One import that is remembered. */
export interface LedgerEntry {
  /** SHA-256 of the blob, in hex. */
  readonly blob: string
  readonly identity: KeyIdentity
  /** The conversation that reserved it; `null` once it is final. */
  readonly owner: string | null
  /** The key it stands for while it is reserved. */
  readonly key: KeyHandle | null
}

/** Entries in one order; see the module text. */
export type Ledger = readonly LedgerEntry[]

/** The entries that share the blob, or the key, with an import. */
export const matches = (ledger: Ledger, blob: string, identity: KeyIdentity): Ledger =>
  ledger.filter((entry) => entry.blob === blob || entry.identity === identity)

/** Reserves a blob and a key for a conversation. */
export const reserve = (ledger: Ledger, entry: LedgerEntry & { readonly owner: string; readonly key: KeyHandle }): Ledger => sorted([...ledger, entry])

/** Makes the entry of a key final. */
export function makeFinal(ledger: Ledger, key: string): Ledger {
  const entry = ledger.find((one) => one.key === key)
  return entry ? sorted([...ledger.filter((one) => one !== entry), { ...entry, owner: null, key: null }]) : ledger
}

/** Releases what a key has reserved. */
export const releaseKey = (ledger: Ledger, key: string): Ledger =>
  ledger.some((entry) => entry.key === key) ? ledger.filter((entry) => entry.key !== key) : ledger

/** Releases what a conversation has reserved. */
export const releaseConversation = (ledger: Ledger, conversation: string): Ledger => ledger.filter((entry) => entry.owner !== conversation)

function sorted(entries: LedgerEntry[]): Ledger {
  const order = ({ blob, identity, owner, key }: LedgerEntry) => [blob, identity, owner ?? '', key ?? '']
  return entries.sort((a, b) => {
    const [left, right] = [order(a), order(b)]
    const at = left.findIndex((part, index) => part !== right[index])
    return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1
  })
}
