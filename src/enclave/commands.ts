/**
 * What may be said to an enclave, and what it answers. Everything here is public: handles, public keys, ciphertext,
 * verdicts. Bytes are base64url strings, so that commands and answers survive JSON, a queue and a persisted snapshot.
 *
 * A command belongs to a conversation, which the enclave port names (`perform(conversation, command)`); `close` ends it.
 * No command carries or returns secret bytes (BYOK-138).
 *
 * Spec: spec/byok.md, BYOK-120 to BYOK-138.
 * @module
 */
import type { Curve } from '../crypto/keys.js'
import type { Fault } from '../verdict.js'

/** An opaque name for a key inside an enclave. Never reused (BYOK-131). */
export type KeyHandle = string & { readonly __brand: 'KeyHandle' }

/** The kinds of key that BYOK carries, by the names that the command line uses. */
export type KeyKind = 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'ec-P-256' | 'ec-P-256K' | 'ec-P-384' | 'ec-P-521' | 'oct-128' | 'oct-192' | 'oct-256'

/** What a key may be used for: JWK `key_ops` values, and `import` for a key exchange key. */
export type Operation = 'encrypt' | 'decrypt' | 'sign' | 'verify' | 'wrapKey' | 'unwrapKey' | 'import'

/** The public part of a key, in JWK members; an octet key has none. */
export type PublicPart =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: Curve; readonly x: string; readonly y: string }
  | { readonly kty: 'oct' }

/**
 * One string that tells two keys apart without revealing either: `spki-sha256:<64 hex>` for RSA and EC (BYOK-45),
 * `aes-cmac:<32 hex>`, a labelled check value, for octet keys (BYOK-133).
 */
export type KeyIdentity = string

/** A key version in a vault. `vault` is a normalised origin, for example `https://contoso.vault.azure.net`. */
export interface Kid {
  readonly vault: string
  readonly name: string
  /** 32 lower-case hex digits. */
  readonly version: string
}

/** What an enclave tells about one of its keys. */
export interface KeyFacts {
  readonly kind: KeyKind
  readonly key: PublicPart
  readonly identity: KeyIdentity
  readonly operations: readonly Operation[]
}

/** Commands of the HSM that owns the target key. */
export type SourceCommand =
  /** Takes a public key from outside as an untrusted KEK object of this conversation, and judges the evidence offered with it (BYOK-34, BYOK-141). */
  | { readonly type: 'holdKek'; readonly kid: Kid; readonly n: string; readonly e: string; readonly evidence: string | null }
  /** Marks a held KEK as trusted. Only what stands for the officer's console may say this (BYOK-121). */
  | { readonly type: 'trustKek'; readonly kek: KeyHandle; readonly by: 'officer' }
  /** Wraps the target named by its label under a trusted KEK; the ephemeral key lives inside this one command (BYOK-126). */
  | { readonly type: 'wrapTarget'; readonly kek: KeyHandle; readonly target: string }
  /** Judges evidence about an imported key against the target named by its label (BYOK-135, BYOK-146). */
  | { readonly type: 'compareImported'; readonly target: string; readonly evidence: string }

/** Commands of the HSM behind the vault. */
export type VaultCommand =
  /** Makes a key exchange key whose only operation is `import` (BYOK-35, BYOK-127). */
  | { readonly type: 'makeKek'; readonly name: string; readonly bits: number }
  /** Opens a transfer blob and makes a key of it, which belongs to the conversation until it is kept (BYOK-50 to BYOK-60, BYOK-128). */
  | {
      readonly type: 'importTransfer'
      readonly kek: KeyHandle
      readonly ciphertext: string
      readonly name: string
      readonly kty: 'RSA' | 'EC' | 'oct'
      readonly crv: Curve | null
      readonly operations: readonly Operation[]
    }

/** Commands of every enclave. */
export type CommonCommand =
  /** Makes a key inside, for example a target key at the source; belongs to the conversation until it is kept. */
  | { readonly type: 'generateKey'; readonly label: string; readonly kind: KeyKind; readonly operations: readonly Operation[]; readonly extractable: boolean }
  /**
   * Promotes a key of this conversation to one that outlives it. If it was imported, its blob and the key are used up from
   * the next `close` on; until then this conversation may still take both back with `destroyKey` (BYOK-132).
   */
  | { readonly type: 'keep'; readonly key: KeyHandle }
  /** Destroys a key that is kept or belongs to this conversation; its handle is dead from then on (BYOK-130). */
  | { readonly type: 'destroyKey'; readonly key: KeyHandle }
  /** Ends the conversation: destroys all it made and did not keep, also what is in flight (BYOK-129). Has no answer. */
  | { readonly type: 'close' }

/** Everything that may be said to an enclave. */
export type EnclaveCommand = SourceCommand | VaultCommand | CommonCommand

/** Everything that an enclave may answer. One command, one answer; `close` has none. */
export type EnclaveAnswer =
  | {
      readonly type: 'enclave.kekHeld'
      readonly kek: KeyHandle
      readonly fingerprint: string
      readonly bits: number
      /** The evidence is genuine and says: this public key, this kid, made inside, operations exactly `import`, not exportable. */
      readonly attested: boolean
      /** The vault that the genuine evidence names, otherwise `null`. */
      readonly attestedVault: string | null
    }
  | { readonly type: 'enclave.kekTrusted'; readonly kek: KeyHandle }
  | { readonly type: 'enclave.wrapped'; readonly ciphertext: string; readonly target: KeyFacts }
  | {
      readonly type: 'enclave.compared'
      /** The evidence is genuine, says "imported" and "not exportable". */
      readonly genuine: boolean
      /** The key that the evidence names is the target; `null` where the vault gave no check value, which is never "passed" (BYOK-149). */
      readonly sameKey: boolean | null
      /** What the genuine evidence says, otherwise `null`. */
      readonly kid: Kid | null
      readonly operations: readonly Operation[] | null
    }
  | { readonly type: 'enclave.kekMade'; readonly key: KeyHandle; readonly version: string; readonly n: string; readonly e: string; readonly evidence: string }
  | { readonly type: 'enclave.imported'; readonly key: KeyHandle; readonly version: string; readonly facts: KeyFacts; readonly evidence: string }
  | { readonly type: 'enclave.keyMade'; readonly key: KeyHandle; readonly facts: KeyFacts }
  | { readonly type: 'enclave.kept'; readonly key: KeyHandle }
  | { readonly type: 'enclave.destroyed'; readonly key: KeyHandle }
  /** The command was not carried out and changed nothing (BYOK-136). */
  | { readonly type: 'enclave.refused'; readonly fault: EnclaveFault }

/**
 * Why an enclave refuses. `transfer_refused` stands for everything that is found out by opening a transfer blob, from a
 * wrong length to a blob seen before (BYOK-50, BYOK-114); the other codes depend on public facts only.
 */
export type EnclaveFault = Fault<
  | 'transfer_refused'
  | 'handle_unknown'
  | 'label_unknown'
  | 'label_taken'
  | 'key_belongs_to_another_conversation'
  | 'operation_not_allowed'
  | 'mechanism_not_allowed'
  | 'key_not_extractable'
  | 'kek_not_trusted'
  | 'kek_size_not_allowed'
  | 'kek_invalid'
  | 'trust_needs_officer'
  | 'wrap_template_forbids'
  | 'operations_conflict'
  | 'command_invalid'
  | 'conversation_closed'
  | 'enclave_failed'
>

/** A key store in front of the crypto core. See {@link EnclaveCommand}. */
export interface Enclave {
  /**
   * Carries out one command of one conversation. Never rejects: what goes wrong inside is `enclave.refused`.
   * Answers `null` to `close`.
   */
  perform(conversation: string, command: EnclaveCommand): EnclaveAnswer | null | Promise<EnclaveAnswer | null>
}
