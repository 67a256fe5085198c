/**
 * What may be said to the enclaves of SKI (a card's, a server's, a CA's) and what they answer. Everything here is public:
 * handles, public keys, ciphertext, verdicts. Bytes are base64url strings, so that all of it survives JSON.
 *
 * A command belongs to a conversation, which the enclave port names; `close` ends it. No command carries or returns secret
 * bytes (SKI-219). Where a published function takes plaintext (`MDImportSessionKey`, `MDEncryptData`), a handle to it in
 * the server's enclave stands in its place (SKI-220).
 *
 * Spec: spec/ski.md, SKI-210 to SKI-225.
 * @module
 */
import type { Fault } from '../../verdict.js'
import type { K1Proof, ServerProof, Way } from '../policy.js'

/** An opaque name for an object inside an enclave. Never reused (SKI-218). */
export type SkiHandle = string & { readonly __brand: 'SkiHandle' }

/** Key pairs that SKI carries, and those that a card makes to establish a key. */
export type SkiKeyKind = 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'ec-P-256' | 'ec-P-384' | 'ec-P-521'

/** Session-key algorithms: CNG name and size in one word. */
export type SessionAlgorithm = 'AES-128' | 'AES-192' | 'AES-256' | '3DES_112' | '3DES'

/** RSA paddings of a wrapped session key, by the names of the command line. */
export type WrapPadding = 'pkcs1' | 'oaep-sha1' | 'oaep-sha256' | 'oaep-sha384' | 'oaep-sha512'

/** The secure functions, by their published names. */
export type SecureFunction = 'Import Key Pair' | 'Change Authenticator' | 'Authenticate'

/** What a key on a card is for. `session`: K1, imports session keys; `agreement`: establishes a key by DH; `user`: an ordinary key. */
export type CardKeyPurpose = 'session' | 'agreement' | 'user'

/** Commands of a card's enclave. `channel` is the logical channel of the caller: session keys and agreements belong to it. */
export type CardCommand =
  /** Makes a key pair for establishing keys (step 6). RSA: imports session keys; EC: agreements. Never over a container that holds something else (SKI-212, SKI-213). */
  | { readonly type: 'makeK1'; readonly channel: number; readonly container: number; readonly kind: SkiKeyKind; readonly pinId: number }
  /** Reads a public key (steps 10, 11). `evidence`: `plain` for the key alone; otherwise a statement about it with a fresh one-shot nonce. */
  | { readonly type: 'readKey'; readonly channel: number; readonly container: number; readonly evidence: 'plain' | 'attested' | 'sharedKey' }
  /** Draws the one-shot nonce without a key, for the ways that have none (SKI-68). */
  | { readonly type: 'drawNonce'; readonly channel: number }
  /** Takes a wrapped session key (steps 18, 19). `input` is the RSA ciphertext, or with `proven` an establishment (KFPK) around it. */
  | {
      readonly type: 'importSessionKey'
      readonly channel: number
      readonly container: number
      readonly algorithm: SessionAlgorithm
      readonly padding: WrapPadding
      readonly proven: boolean
      readonly input: string
    }
  /** Makes a session key of the key that card and server share. `input`: nothing, session ‖ server nonce, or with `proven` a KFPK. */
  | {
      readonly type: 'shareKey'
      readonly channel: number
      readonly way: 'shared' | 'derived'
      readonly algorithm: SessionAlgorithm
      readonly proven: boolean
      readonly input: string | null
    }
  /** Computes a DH agreement with the server's point (a BCRYPT_ECCKEY_BLOB). */
  | { readonly type: 'agree'; readonly channel: number; readonly container: number; readonly peer: string }
  /** Derives a session key of an agreement. `input`: session ‖ server nonce, or with `proven` a KFPK. */
  | {
      readonly type: 'deriveKey'
      readonly channel: number
      readonly agreement: SkiHandle
      readonly algorithm: SessionAlgorithm
      readonly proven: boolean
      readonly input: string
    }
  /** Sets the chaining mode or the IV of a session key (step 27). */
  | { readonly type: 'setKeyProperty'; readonly channel: number; readonly key: SkiHandle; readonly mode: 'CBC' | null; readonly iv: string | null }
  /** Opens sealed data and does what it says (steps 28, 29). `container` is the one that the minidriver prepared, `null` where it named none. */
  | {
      readonly type: 'processSealed'
      readonly channel: number
      readonly key: SkiHandle
      readonly function: SecureFunction
      readonly container: number | null
      readonly flags: number
      readonly blobs: readonly string[]
    }
  /** Destroys a session key or an agreement (SKI-16, SKI-17). */
  | { readonly type: 'destroyKey'; readonly channel: number; readonly key: SkiHandle }
  /** Deletes a container that was made for establishing keys; needs the PIN that guards it. */
  | { readonly type: 'deleteContainer'; readonly channel: number; readonly container: number }
  /** Compares a PIN: typed by the caller (outside the promise, SKI-284), or entered at the PIN pad, which left it in the enclave under `entry` (SKI-283). */
  | {
      readonly type: 'verifyPin'
      readonly channel: number
      readonly pinId: number
      readonly pin: { readonly typed: string } | { readonly entry: SkiHandle }
    }
  /** Ends the authenticated state of a PIN. */
  | { readonly type: 'deauthenticate'; readonly channel: number; readonly pinId: number }
  /**
   * Power lost, card reset or card removed: session keys, agreements, nonce, PIN entries and authenticated states are gone;
   * containers, counters and used-once marks stay (SKI-216, SKI-247). What is in flight comes to nothing. Has no answer.
   */
  | { readonly type: 'close' }

/** Answers of a card's enclave. */
export type CardAnswer =
  | { readonly type: 'enclave.k1Made'; readonly container: number }
  | {
      readonly type: 'enclave.keyRead'
      readonly container: number
      readonly purpose: CardKeyPurpose
      /** DER SubjectPublicKeyInfo. */
      readonly spki: string
      /** KFEV, or `null` where none was asked for. */
      readonly evidence: string | null
    }
  | { readonly type: 'enclave.nonceDrawn'; readonly nonce: string }
  /** A session key exists. `nonce`: the card's, where the way needs it at the other end. `receipt`: KFRC, where there was a proof. */
  | { readonly type: 'enclave.sessionKeyReady'; readonly key: SkiHandle; readonly nonce: string | null; readonly receipt: string | null }
  | { readonly type: 'enclave.agreed'; readonly agreement: SkiHandle }
  | { readonly type: 'enclave.propertySet'; readonly key: SkiHandle }
  /** `output`: a receipt (KFRC) or an enciphered response, `null` where the format has none. */
  | { readonly type: 'enclave.processed'; readonly container: number | null; readonly output: string | null }
  | { readonly type: 'enclave.destroyed'; readonly key: SkiHandle }
  | { readonly type: 'enclave.containerDeleted'; readonly container: number }
  | { readonly type: 'enclave.pinVerified'; readonly pinId: number }
  | { readonly type: 'enclave.deauthenticated'; readonly pinId: number }
  | { readonly type: 'enclave.refused'; readonly fault: SkiFault }

/** Commands of a server's enclave, which server application and no-card minidriver share. */
export type ServerCommand =
  /** Draws session id and server nonce (step 2). */
  | { readonly type: 'beginSession' }
  /** Judges what the client says the card said (step 15). `spki` and `evidence` are `null` in the ways that have no K1. */
  | {
      readonly type: 'judgeCard'
      readonly way: Way
      readonly cardId: string
      readonly nonce: string | null
      readonly spki: string | null
      readonly evidence: string | null
    }
  /** Makes S1 and wraps it for the judged card (step 16). */
  | {
      readonly type: 'wrapSessionKey'
      readonly card: SkiHandle
      readonly container: number
      readonly algorithm: SessionAlgorithm
      readonly padding: WrapPadding
      readonly proof: ServerProof
    }
  /** Makes the server's half of a DH agreement and S1 of it (step 16). */
  | {
      readonly type: 'agreeSessionKey'
      readonly card: SkiHandle
      readonly container: number
      readonly algorithm: SessionAlgorithm
      readonly proof: ServerProof
    }
  /** What the card is told to make a session key of the shared key (step 16); nothing where neither a proof nor a derivation needs it. */
  | {
      readonly type: 'offerSharedKey'
      readonly card: SkiHandle
      readonly way: 'shared' | 'derived'
      readonly algorithm: SessionAlgorithm
      readonly proof: ServerProof
    }
  /** Judges the card's receipt for S1 (step 21): `blob` is S1 as made, `null` in the ways where the minidriver derives it. */
  | { readonly type: 'confirmSession'; readonly card: SkiHandle; readonly blob: SkiHandle | null; readonly nonce: string | null; readonly receipt: string }
  /** `MDImportSessionKey` (step 22): makes a minidriver's key of a plaintext key blob in this enclave. */
  | { readonly type: 'mdImportSessionKey'; readonly blob: SkiHandle; readonly blobType: string; readonly algorithm: string }
  /**
   * `CardGetSharedKeyHandle` without a card: way, algorithm, card and session are those of `offerSharedKey` in this conversation;
   * `input` is the card's nonce, as the card's own call put it out, or `null` where the way needs none.
   */
  | { readonly type: 'mdSharedKey'; readonly input: string | null }
  /** `CardSetKeyProperty` (step 24). */
  | { readonly type: 'setKeyProperty'; readonly key: SkiHandle; readonly mode: 'CBC' | null; readonly iv: string | null }
  /** A fresh IV of the length that the algorithm wants (step 24). */
  | { readonly type: 'drawIv'; readonly algorithm: SessionAlgorithm }
  /** Makes K2 (step 24). */
  | { readonly type: 'makeKeyPair'; readonly kind: SkiKeyKind }
  /** A PIN drawn by the server, of random digits or letters; stays here. */
  | { readonly type: 'makePin'; readonly length: number }
  /** `CARD_IMPORT_KEYPAIR` with a key pair in it, as a plaintext argument in this enclave. */
  | {
      readonly type: 'composeKeyPair'
      readonly key: SkiHandle
      readonly container: number
      readonly pinId: number
      readonly keySpec: number
      readonly overwrite: boolean
    }
  /** `CARD_AUTHENTICATE` or `CARD_CHANGE_AUTHENTICATOR` with PINs in it. */
  | {
      readonly type: 'composePin'
      readonly function: 'Authenticate' | 'Change Authenticator'
      readonly flags: number
      /** The PIN that authenticates (by id), and its value here. */
      readonly pinId: number
      readonly pin: SkiHandle
      /** For a change: the PIN that is set, its new value, and its tries. */
      readonly target: { readonly pinId: number; readonly pin: SkiHandle; readonly tries: number } | null
    }
  /** `MDEncryptData` (steps 24, 25): seals a plaintext argument under a minidriver's key, in `pieces` blobs. */
  | {
      readonly type: 'mdEncrypt'
      readonly key: SkiHandle
      readonly function: SecureFunction
      readonly blob: SkiHandle
      readonly flags: number
      readonly pieces: number
    }
  /** `CardProcessEncryptedData` without a card: opens a response. */
  | { readonly type: 'mdOpenResponse'; readonly key: SkiHandle; readonly function: SecureFunction; readonly blobs: readonly string[] }
  /** Judges the card's receipt for K2 (step 31), under the one session key that the minidriver holds in this conversation. */
  | { readonly type: 'confirmInstalled'; readonly container: number; readonly fingerprint: string; readonly receipt: string }
  /** A PKCS#10 request for K2, signed by it (SKI-263). */
  | { readonly type: 'requestCertificate'; readonly key: SkiHandle; readonly subject: string }
  /** K2 as CMS EnvelopedData to recovery agents (SKI-265); `agents` are certificates, DER. */
  | { readonly type: 'envelopeKey'; readonly key: SkiHandle; readonly agents: readonly string[] }
  /** Destroys one object (SKI-16, SKI-17). */
  | { readonly type: 'destroyKey'; readonly key: SkiHandle }
  /** Ends the conversation: destroys all that it made. Has no answer. */
  | { readonly type: 'close' }

/** Answers of a server's enclave. */
export type ServerAnswer =
  | { readonly type: 'enclave.sessionBegun'; readonly session: string; readonly nonce: string }
  | {
      readonly type: 'enclave.cardJudged'
      readonly card: SkiHandle
      /** What the evidence really proves: genuine, by whom, and saying: this key, made on the card, does nothing else. `none` otherwise. */
      readonly proof: Exclude<K1Proof, 'pinned'>
      /** The card that the evidence names; without evidence, the one that the client names. */
      readonly cardId: string
      /** `spki-sha256:` and 64 hex digits, or `null` where there is no K1. */
      readonly fingerprint: string | null
      readonly kind: SkiKeyKind | null
    }
  /** S1 exists here as a plaintext argument `blob`; `input` is what the card is to be given. `peer`: the server's DH point. */
  | { readonly type: 'enclave.sessionKeyMade'; readonly blob: SkiHandle; readonly input: string; readonly peer: string | null; readonly proven: boolean }
  | { readonly type: 'enclave.sharedKeyOffered'; readonly input: string | null; readonly proven: boolean }
  | { readonly type: 'enclave.sessionConfirmed'; readonly genuine: boolean }
  | { readonly type: 'enclave.mdKeyReady'; readonly key: SkiHandle }
  | { readonly type: 'enclave.propertySet'; readonly key: SkiHandle }
  | { readonly type: 'enclave.ivDrawn'; readonly iv: string }
  | { readonly type: 'enclave.keyPairMade'; readonly key: SkiHandle; readonly spki: string; readonly fingerprint: string }
  | { readonly type: 'enclave.pinMade'; readonly key: SkiHandle }
  | { readonly type: 'enclave.composed'; readonly blob: SkiHandle }
  | { readonly type: 'enclave.mdEncrypted'; readonly blobs: readonly string[] }
  | { readonly type: 'enclave.responseOpened'; readonly attemptsRemaining: number; readonly sessionPin: SkiHandle | null }
  | { readonly type: 'enclave.installedConfirmed'; readonly genuine: boolean }
  | { readonly type: 'enclave.certificateRequested'; readonly request: string }
  | { readonly type: 'enclave.keyEnveloped'; readonly envelope: string; readonly fingerprint: string }
  | { readonly type: 'enclave.destroyed'; readonly key: SkiHandle }
  | { readonly type: 'enclave.refused'; readonly fault: SkiFault }

/** Commands of a CA's enclave. */
export type AuthorityCommand =
  /** Checks a PKCS#10 request and issues a certificate for it (SKI-264). */
  | { readonly type: 'issueCertificate'; readonly request: string }
  /** Ends the conversation. Has no answer. */
  | { readonly type: 'close' }

/** Answers of a CA's enclave. */
export type AuthorityAnswer =
  /** `fingerprint` is that of the certified key. */
  | { readonly type: 'enclave.certificateIssued'; readonly certificate: string; readonly fingerprint: string }
  | { readonly type: 'enclave.refused'; readonly fault: SkiFault }

/** Everything that may be said to an enclave of SKI. */
export type SkiCommand = CardCommand | ServerCommand | AuthorityCommand

/** Everything that an enclave of SKI may answer. */
export type SkiAnswer = CardAnswer | ServerAnswer | AuthorityAnswer

/**
 * Why an enclave refuses. `sealed_refused` stands for everything that depends on secret bytes: unwrap, MAC, padding, structure,
 * key consistency, used twice (SKI-29, SKI-72). `pin_wrong` (with `found`: tries left) and `pin_blocked` come behind a good MAC
 * only, or from a PIN that was entered (SKI-217). The other codes depend on public facts only.
 */
export type SkiFault = Fault<
  | 'sealed_refused'
  | 'pin_wrong'
  | 'pin_blocked'
  | 'proof_refused'
  | 'handle_unknown'
  | 'container_empty'
  | 'container_occupied'
  | 'container_unknown'
  | 'purpose_not_allowed'
  | 'not_authenticated'
  | 'property_missing'
  | 'property_invalid'
  | 'algorithm_not_supported'
  | 'padding_not_supported'
  | 'format_invalid'
  | 'version_too_low'
  | 'iv_used'
  | 'certificate_request_invalid'
  | 'no_room'
  | 'pin_unknown'
  | 'command_invalid'
  | 'conversation_closed'
  | 'enclave_failed'
>

/** A key store of SKI in front of the crypto core: of a card, a server or a CA. */
export interface SkiEnclave<Command extends { readonly type: string } = SkiCommand, Answer = SkiAnswer> {
  /**
   * Carries out one command of one conversation. Never rejects: what goes wrong inside is `enclave.refused`.
   * Answers `null` to `close`.
   */
  perform(conversation: string, command: Command): Answer | null | Promise<Answer | null>
}
