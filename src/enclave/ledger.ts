/**
 * The replay ledger: which blobs and which keys this store has taken. Pure functions over sorted plain data. A store that
 * is not told to take each once (assumption A4) keeps none.
 *
 *   reserve ─ keep ─▶ kept ─ close ─▶ final
 *      └──────┬────────┘
 *       released: destroyed by the conversation that imported it, or closed unkept
 *
 * An import reserves its blob and its key for its conversation. Until that conversation is closed it can be taken back by
 * whoever made it, kept or not, so that an import that nobody was told of costs nothing. Closing decides: an entry that was
 * not kept is released, one that was is final, belongs to nobody, and stays when its key is destroyed. What another
 * conversation destroys stays used in any case. Whether a match refuses an import is said in `rules.ts`.
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
  /** The conversation that may still take it back; `null` once it is final. */
  readonly owner: string | null
  /** The key it stands for; `null` once it is final. */
  readonly key: KeyHandle | null
  /** The key was kept: when its conversation is closed, the entry is not released but final. */
  readonly kept: boolean
}

/** Entries in one order; see the module text. */
export type Ledger = readonly LedgerEntry[]

/** The entries that share the blob, or the key, with an import. */
export const matches = (ledger: Ledger, blob: string, identity: KeyIdentity): Ledger =>
  ledger.filter((entry) => entry.blob === blob || entry.identity === identity)

/** Reserves a blob and a key for a conversation. */
export const reserve = (ledger: Ledger, entry: { readonly blob: string; readonly identity: KeyIdentity; readonly owner: string; readonly key: KeyHandle }) =>
  sorted([...ledger, { ...entry, kept: false }])

/** Marks the entry of a key as kept. */
export const markKept = (ledger: Ledger, key: KeyHandle): Ledger => ledger.map((entry) => (entry.key === key ? { ...entry, kept: true } : entry))

/** Releases the entry of a key, if it is still the conversation's to take back. */
export const releaseKey = (ledger: Ledger, conversation: string, key: KeyHandle): Ledger =>
  ledger.filter((entry) => entry.key !== key || entry.owner !== conversation)

/** Releases what a conversation has reserved and not kept. */
export const releaseConversation = (ledger: Ledger, conversation: string): Ledger => ledger.filter((entry) => entry.kept || entry.owner !== conversation)

/** Makes what a conversation has kept final. */
export const settleConversation = (ledger: Ledger, conversation: string): Ledger =>
  sorted(ledger.map((entry) => (entry.kept && entry.owner === conversation ? { ...entry, owner: null, key: null } : entry)))

function sorted(entries: LedgerEntry[]): Ledger {
  const order = ({ blob, identity, owner, key }: LedgerEntry) => [blob, identity, owner ?? '', key ?? '']
  return entries.sort((a, b) => {
    const [left, right] = [order(a), order(b)]
    const at = left.findIndex((part, index) => part !== right[index])
    return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1
  })
}
