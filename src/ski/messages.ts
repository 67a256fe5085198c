/**
 * What the SKI roles say to each other, function calls apart (those are in `calls.ts`): plain data, survives JSON, carries
 * nothing secret. Bytes are base64url.
 *
 *   client ⇄ server        the application protocol around the 31 steps, which the documents leave open
 *   minidriver ⇄ card      one command, one answer; travels as APDUs (`apdu/`)
 *   server ⇄ archive       inside one machine: a port of its own, no attacker (SKI-252)
 *   card ⇄ card holder     at the PIN pad
 *
 * Spec: spec/ski.md, SKI-151 to SKI-181, SKI-240 to SKI-286; spec/ski-apdu.md.
 * @module
 */
import type { CardKeyPurpose, SecureFunction, SessionAlgorithm, SkiHandle, SkiKeyKind, WrapPadding } from './enclave/commands.js'
import type { Way } from './policy.js'

/** Client → server. */
export type ClientToServer =
  /** Step 1. */
  | { readonly type: 'client.request'; readonly subject: string; readonly template: string }
  /** Step 15. All of it is the client's word: hints, and evidence that the server judges. */
  | {
      readonly type: 'client.offer'
      readonly session: string
      readonly way: Way
      readonly cardId: string
      /** The product of the card's minidriver, by which the server picks its own. */
      readonly product: string
      readonly version: number
      /** The container of K1, `null` in the ways that have none. */
      readonly k1Container: number | null
      readonly spki: string | null
      readonly evidence: string | null
      readonly nonce: string | null
      readonly algorithms: readonly string[]
      /** A mask of `CARD_PADDING_*`. */
      readonly paddings: number
      readonly modes: readonly string[]
      /** A free container, and the PIN that is to guard it. */
      readonly container: number
      readonly pinId: number
    }
  /** Step 21. `nonce`: the card's, where the way returns one; `receipt`: KFRC or `null`. */
  | { readonly type: 'client.established'; readonly session: string; readonly nonce: string | null; readonly receipt: string | null }
  /** Step 31. `output`: a receipt or an enciphered response, as the card gave it. */
  | { readonly type: 'client.installed'; readonly session: string; readonly output: string | null }
  /** Any step: the run is over. `session` is `null` before step 2; `status` is the minidriver's, 0 where it was not the minidriver. */
  | { readonly type: 'client.gaveUp'; readonly session: string | null; readonly status: number }

/** Server → client. */
export type ServerToClient =
  /** Step 2. */
  | {
      readonly type: 'server.start'
      readonly session: string
      readonly nonce: string
      readonly secret: 'keyPair' | 'pin'
      /** The ways that the server offers, best first. */
      readonly ways: readonly Way[]
      /** Which evidence step 15 is to bring. */
      readonly evidence: 'plain' | 'attested' | 'sharedKey'
      /** Whether a nonce of the card is wanted in the ways that have no K1. */
      readonly wantsNonce: boolean
    }
  /** Step 16. `input` is opaque to the client: the wrapped S1, a derivation input, or an establishment around either. */
  | {
      readonly type: 'server.sessionKey'
      readonly session: string
      readonly way: Way
      readonly algorithm: SessionAlgorithm
      /** RSA padding in the session way. */
      readonly padding: WrapPadding | null
      /** Whether `input` is an establishment (KFPK). */
      readonly proven: boolean
      readonly input: string | null
      /** The server's DH point in the agreement way. */
      readonly peer: string | null
    }
  /** Step 26. */
  | {
      readonly type: 'server.sealed'
      readonly session: string
      readonly function: SecureFunction
      readonly container: number | null
      readonly flags: number
      readonly mode: string
      readonly iv: string
      readonly blobs: readonly string[]
    }
  /** The certificate for K2, after step 31, with what the container map says of the key: `AT_…` number, and bits. */
  | { readonly type: 'server.certificate'; readonly session: string; readonly certificate: string; readonly keySpec: number; readonly keySize: number }
  /** After a PIN: nothing more will come. */
  | { readonly type: 'server.completed'; readonly session: string }
  /** Any step: the run is over. One word for every reason. */
  | { readonly type: 'server.refused'; readonly session: string | null }

/** Minidriver → card, one command at a time on one logical channel. */
export type MinidriverToCard =
  | { readonly type: 'apdu.select'; readonly channel: number }
  | { readonly type: 'apdu.capabilities'; readonly channel: number }
  | { readonly type: 'apdu.challenge'; readonly channel: number }
  | { readonly type: 'apdu.readFile'; readonly channel: number; readonly file: CardFile; readonly container: number }
  | { readonly type: 'apdu.writeFile'; readonly channel: number; readonly file: CardFile; readonly container: number; readonly data: string }
  | { readonly type: 'apdu.generate'; readonly channel: number; readonly container: number; readonly kind: SkiKeyKind; readonly pinId: number }
  | { readonly type: 'apdu.readKey'; readonly channel: number; readonly container: number; readonly evidence: 'plain' | 'attested' | 'sharedKey' }
  | {
      readonly type: 'apdu.importSessionKey'
      readonly channel: number
      readonly container: number
      readonly algorithm: SessionAlgorithm
      readonly padding: WrapPadding
      readonly proven: boolean
      readonly input: string
    }
  | {
      readonly type: 'apdu.shareKey'
      readonly channel: number
      readonly way: 'shared' | 'derived'
      readonly algorithm: SessionAlgorithm
      readonly proven: boolean
      readonly input: string | null
    }
  | { readonly type: 'apdu.agree'; readonly channel: number; readonly container: number; readonly peer: string }
  | {
      readonly type: 'apdu.deriveKey'
      readonly channel: number
      readonly agreement: SkiHandle
      readonly algorithm: SessionAlgorithm
      readonly proven: boolean
      readonly input: string
    }
  | { readonly type: 'apdu.setKeyProperty'; readonly channel: number; readonly key: SkiHandle; readonly mode: 'CBC' | null; readonly iv: string | null }
  | {
      readonly type: 'apdu.processSealed'
      readonly channel: number
      readonly key: SkiHandle
      readonly function: SecureFunction
      readonly container: number | null
      readonly flags: number
      readonly blobs: readonly string[]
    }
  | { readonly type: 'apdu.destroyKey'; readonly channel: number; readonly key: SkiHandle }
  | { readonly type: 'apdu.deleteContainer'; readonly channel: number; readonly container: number }
  | {
      readonly type: 'apdu.verify'
      readonly channel: number
      readonly pinId: number
      /** `null`: at the PIN pad. */
      readonly pin: string | null
    }
  | { readonly type: 'apdu.deauthenticate'; readonly channel: number; readonly pinId: number }

/** Files of the card that a minidriver reads and writes: the container map, and the certificate of a container. */
export type CardFile = 'cmapfile' | 'certificate'

/** Card → minidriver. */
export type CardToMinidriver =
  | { readonly type: 'card.selected'; readonly channel: number; readonly cardId: string; readonly product: string; readonly version: number }
  | {
      readonly type: 'card.capabilities'
      readonly channel: number
      /** `CP_KEY_IMPORT_SUPPORT`. */
      readonly mask: number
      readonly algorithms: readonly SessionAlgorithm[]
      readonly paddings: number
      readonly modes: readonly 'CBC'[]
    }
  | { readonly type: 'card.challenge'; readonly channel: number; readonly nonce: string }
  | { readonly type: 'card.file'; readonly channel: number; readonly data: string }
  | { readonly type: 'card.done'; readonly channel: number }
  | { readonly type: 'card.publicKey'; readonly channel: number; readonly purpose: CardKeyPurpose; readonly spki: string; readonly evidence: string | null }
  | { readonly type: 'card.sessionKey'; readonly channel: number; readonly key: SkiHandle; readonly nonce: string | null; readonly receipt: string | null }
  | { readonly type: 'card.agreement'; readonly channel: number; readonly agreement: SkiHandle }
  | { readonly type: 'card.processed'; readonly channel: number; readonly output: string | null }
  /** A status word other than 9000. */
  | { readonly type: 'card.refused'; readonly channel: number; readonly sw: number }
  /** There is no card: the reader answers in its place. */
  | { readonly type: 'card.gone'; readonly channel: number }

/** What happens to the card in the reader; the reader belongs to the attacker. Heard by card and minidriver. */
export type ReaderSays = { readonly type: 'reader.reset' } | { readonly type: 'reader.removed' } | { readonly type: 'reader.inserted' }

/** Card → its holder at the PIN pad. */
export type CardToHolder =
  | { readonly type: 'card.pinWanted'; readonly pinId: number }
  /** The question is over, whatever came of it. */
  | { readonly type: 'card.pinSettled'; readonly pinId: number }

/** Holder → card. The PIN itself went from the pad into the card's enclave; `entry` is where it lies. */
export type HolderToCard = { readonly type: 'holder.pinEntered'; readonly pinId: number; readonly entry: SkiHandle } | { readonly type: 'holder.declined' }

/** Server → archive. */
export type ServerToArchive =
  /** Keeps an enciphered K2 for a request. Provisional until committed. */
  | { readonly type: 'server.archive'; readonly session: string; readonly subject: string; readonly fingerprint: string; readonly envelope: string }
  /** The key is on the card: the record is final (step 31). */
  | { readonly type: 'server.commit'; readonly session: string; readonly fingerprint: string }
  /** The run failed: a provisional record goes. */
  | { readonly type: 'server.discard'; readonly session: string }
  | { readonly type: 'server.certify'; readonly session: string; readonly request: string; readonly fingerprint: string }

/** Archive → server. */
export type ArchiveToServer =
  | { readonly type: 'archive.stored'; readonly session: string; readonly fingerprint: string }
  | { readonly type: 'archive.committed'; readonly session: string; readonly fingerprint: string }
  | { readonly type: 'archive.discarded'; readonly session: string }
  | { readonly type: 'archive.certified'; readonly session: string; readonly certificate: string; readonly fingerprint: string }
  | { readonly type: 'archive.refused'; readonly session: string }

/** What the embedding program tells any role: time is up, a person cancels. */
export type AppSays = { readonly type: 'app.timeout' } | { readonly type: 'app.cancel' }
