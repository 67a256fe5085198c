/**
 * A PKCS#11 token behind standard input and output: a request in a line of JSON, an answer in a line of JSON. It runs in a
 * process of its own because a software token and Node share one OpenSSL, and with it one queue of errors. Started by
 * `token.ts`, with `pkcs11js`, the library of the token, its slot and the first PIN of its officer as arguments.
 *
 * It drives the token and understands nothing of what passes through, except that a session key comes as a
 * `BCRYPT_KEY_DATA_BLOB`.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

/** What the token is asked; bytes are base64url. */
export type Request =
  /** A key pair that unwraps, made in the token; its private key never leaves. */
  | { readonly do: 'makeK1'; readonly bits: number }
  /** Whether the token deciphers with a padding: it is tried with what the token itself enciphers. */
  | { readonly do: 'offers'; readonly padding: Padding }
  /** Unwraps a key blob under K1 and keeps the key in it. */
  | { readonly do: 'importSessionKey'; readonly padding: Padding; readonly input: string }
  /** Deciphers AES-CBC with block padding under the session key, one piece after the other. */
  | { readonly do: 'open'; readonly iv: string; readonly blobs: readonly string[] }
  /** Whether the token signs with keys of a type. */
  | { readonly do: 'signs'; readonly type: 'RSA' | 'EC' }
  /** Takes a private key, the numbers of a JWK, and signs a message with it: SHA-256 with RSASSA-PKCS1-v1_5, or ECDSA. */
  | { readonly do: 'sign'; readonly key: Readonly<Record<string, string>>; readonly message: string }

/** RSA paddings, by the names of the command line. */
export type Padding = 'pkcs1' | 'oaep-sha1' | 'oaep-sha256' | 'oaep-sha384' | 'oaep-sha512'

/** What comes back: a value, or the name of a `CKR_…` code. */
export type Answer = { readonly value: string | boolean | Readonly<Record<string, string>> } | { readonly error: string }

type Handle = Buffer
type Mechanism = number | { readonly mechanism: number; readonly parameter: unknown }
type Attributes = readonly { readonly type: number; readonly value?: unknown }[]
/** The calls that are made here, of those that `pkcs11js` has. */
type Calls = Readonly<Record<CallName, (...args: unknown[]) => any>>
type CallName =
  | 'C_CloseSession'
  | 'C_CreateObject'
  | 'C_Decrypt'
  | 'C_DecryptFinal'
  | 'C_DecryptInit'
  | 'C_DecryptUpdate'
  | 'C_DestroyObject'
  | 'C_Encrypt'
  | 'C_EncryptInit'
  | 'C_Finalize'
  | 'C_GenerateKeyPair'
  | 'C_GetAttributeValue'
  | 'C_GetMechanismList'
  | 'C_GetSlotList'
  | 'C_GetTokenInfo'
  | 'C_InitPIN'
  | 'C_InitToken'
  | 'C_Initialize'
  | 'C_Login'
  | 'C_Logout'
  | 'C_OpenSession'
  | 'C_SetPIN'
  | 'C_Sign'
  | 'C_SignInit'
  | 'C_UnwrapKey'
type Pkcs11 = Readonly<Record<string, number>> & { readonly PKCS11: new () => Calls & { load(path: string): void } }

function serve(path: string, library: string, slotNumber: number, officerPin: string): void {
  const names = createRequire(import.meta.url)(path) as Pkcs11
  const token = new Token(names, library, slotNumber, officerPin)
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      let answer: Answer
      try {
        answer = { value: token.answer(JSON.parse(line) as Request) }
      } catch (error) {
        answer = { error: (error as Error).message }
      }
      process.stdout.write(`${JSON.stringify(answer)}\n`)
    })
    .on('close', () => token.close())
}

const unb64 = (text: string): Buffer => Buffer.from(text, 'base64url')
/** The dotted names of the curves as PKCS#11 wants them: a DER object identifier. */
const CURVES: Readonly<Record<string, string>> = { 'P-256': '06082a8648ce3d030107', 'P-384': '06052b81040022', 'P-521': '06052b81040023' }

class Token {
  readonly #names: Pkcs11
  readonly #calls: Calls
  readonly #slot: Handle
  readonly #session: Handle
  #k1: { readonly publicKey: Handle; readonly privateKey: Handle } | null = null
  #s1: Handle | null = null

  /** A fresh token with nothing on it, and a session of its user. */
  constructor(names: Pkcs11, library: string, slotNumber: number, officerPin: string) {
    this.#names = names
    const calls = new names.PKCS11()
    this.#calls = calls
    calls.load(library)
    calls.C_Initialize()
    const slots: Handle[] = calls.C_GetSlotList(true)
    const slot = slots.find((one) => Number(one.readBigUInt64LE()) === slotNumber) ?? slots[0]
    if (slot === undefined) throw new Error('the token has no slot')
    calls.C_InitToken(slot, officerPin, 'keyferry')
    const userPin = randomBytes(4).toString('hex')
    this.#slot = this.#freshSlot(slot)
    this.#session = calls.C_OpenSession(this.#slot, this.#const('CKF_SERIAL_SESSION') | this.#const('CKF_RW_SESSION'))
    calls.C_Login(this.#session, this.#const('CKU_SO'), officerPin)
    calls.C_SetPIN(this.#session, officerPin, randomBytes(4).toString('hex'))
    calls.C_InitPIN(this.#session, userPin)
    calls.C_Logout(this.#session)
    calls.C_Login(this.#session, this.#const('CKU_USER'), userPin)
    // Some tokens want the user's first PIN changed before anything else.
    calls.C_SetPIN(this.#session, userPin, randomBytes(4).toString('hex'))
  }

  answer(request: Request): string | boolean | Readonly<Record<string, string>> {
    switch (request.do) {
      case 'makeK1':
        return this.#makeK1(request.bits)
      case 'offers':
        return this.#offers(request.padding)
      case 'importSessionKey':
        return this.#importSessionKey(request.padding, unb64(request.input))
      case 'open':
        return this.#open(unb64(request.iv), request.blobs.map(unb64))
      case 'signs':
        return (this.#calls.C_GetMechanismList(this.#slot) as number[]).includes(this.#const(SIGNS[request.type]))
      case 'sign':
        return this.#sign(request.key, unb64(request.message))
    }
  }

  close(): void {
    this.#calls.C_CloseSession(this.#session)
    this.#calls.C_Finalize()
  }

  /** SoftHSM moves a token to another slot when it is initialised, and gives its old slot to the next one. */
  #freshSlot(slot: Handle): Handle {
    const labelled = (this.#calls.C_GetSlotList(true) as Handle[]).find((one) => {
      const { label } = this.#calls.C_GetTokenInfo(one) as { label: string }
      return label.trim() === 'keyferry'
    })
    return labelled ?? slot
  }

  #makeK1(bits: number) {
    const publicTemplate = this.#attributes({
      CKA_TOKEN: false,
      CKA_ENCRYPT: true,
      CKA_WRAP: true,
      CKA_MODULUS_BITS: bits,
      CKA_PUBLIC_EXPONENT: PUBLIC_EXPONENT,
    })
    const privateTemplate = this.#attributes({
      CKA_TOKEN: false,
      CKA_PRIVATE: true,
      CKA_SENSITIVE: true,
      CKA_EXTRACTABLE: false,
      CKA_DECRYPT: true,
      CKA_UNWRAP: true,
    })
    const mechanism = { mechanism: this.#const('CKM_RSA_PKCS_KEY_PAIR_GEN'), parameter: null }
    this.#k1 = this.#calls.C_GenerateKeyPair(this.#session, mechanism, publicTemplate, privateTemplate)
    return { n: this.#read(this.#k1!.publicKey, 'CKA_MODULUS').toString('base64url'), e: PUBLIC_EXPONENT.toString('base64url') }
  }

  #offers(padding: Padding): boolean {
    const { publicKey, privateKey } = this.#k1!
    const text = Buffer.from('does this token know it?')
    try {
      this.#calls.C_EncryptInit(this.#session, this.#padding(padding), publicKey)
      const enciphered: Buffer = this.#calls.C_Encrypt(this.#session, text, Buffer.alloc(1024))
      this.#calls.C_DecryptInit(this.#session, this.#padding(padding), privateKey)
      return text.equals(this.#calls.C_Decrypt(this.#session, enciphered, Buffer.alloc(1024)))
    } catch {
      return false
    }
  }

  #importSessionKey(padding: Padding, input: Buffer): string {
    const template = { CKA_TOKEN: false, CKA_CLASS: this.#const('CKO_SECRET_KEY') }
    const blobTemplate = { ...template, CKA_KEY_TYPE: this.#const('CKK_GENERIC_SECRET') }
    const unwrap = (attributes: Readonly<Record<string, unknown>>): Handle =>
      this.#calls.C_UnwrapKey(this.#session, this.#padding(padding), this.#k1!.privateKey, input, this.#attributes(attributes))
    let wrapped: Handle
    try {
      wrapped = unwrap({ ...blobTemplate, CKA_SENSITIVE: false, CKA_EXTRACTABLE: true })
    } catch (error) {
      // What can be read must be asked for in one token, and must not be mentioned in the other.
      if ((error as Error).message !== 'CKR_ATTRIBUTE_READ_ONLY') throw error
      wrapped = unwrap(blobTemplate)
    }
    const blob = this.#read(wrapped, 'CKA_VALUE')
    this.#calls.C_DestroyObject(this.#session, wrapped)
    const length = blob.readUInt32LE(8)
    if (blob.toString('latin1', 0, 4) !== 'KDBM' || blob.readUInt32LE(4) !== 1 || blob.length !== 12 + length) throw new Error('not a key blob')
    const key = { ...template, CKA_KEY_TYPE: this.#const('CKK_AES'), CKA_SENSITIVE: true, CKA_EXTRACTABLE: false, CKA_DECRYPT: true }
    this.#s1 = this.#calls.C_CreateObject(this.#session, this.#attributes({ ...key, CKA_VALUE: blob.subarray(12) }))
    return String(8 * length)
  }

  #open(iv: Buffer, blobs: readonly Buffer[]): string {
    this.#calls.C_DecryptInit(this.#session, { mechanism: this.#const('CKM_AES_CBC_PAD'), parameter: iv }, this.#s1)
    const opened = blobs.map((blob): Buffer => Buffer.from(this.#calls.C_DecryptUpdate(this.#session, blob, Buffer.alloc(blob.length + 16)) as Buffer))
    return Buffer.concat([...opened, this.#calls.C_DecryptFinal(this.#session, Buffer.alloc(32))]).toString('base64url')
  }

  #sign(key: Readonly<Record<string, string>>, message: Buffer): string {
    const isRsa = key['kty'] === 'RSA'
    const object: Handle = this.#calls.C_CreateObject(this.#session, this.#attributes(isRsa ? this.#rsaKey(key) : this.#ecKey(key)))
    const mechanism: Mechanism = { mechanism: this.#const(SIGNS[isRsa ? 'RSA' : 'EC']), parameter: null }
    this.#calls.C_SignInit(this.#session, mechanism, object)
    const digest = createHash('sha256').update(message).digest()
    const input = isRsa ? Buffer.concat([DIGEST_INFO, digest]) : digest
    return Buffer.from(this.#calls.C_Sign(this.#session, input, Buffer.alloc(1024)) as Buffer).toString('base64url')
  }

  #rsaKey(key: Readonly<Record<string, string>>) {
    const parts = { CKA_MODULUS: 'n', CKA_PUBLIC_EXPONENT: 'e', CKA_PRIVATE_EXPONENT: 'd', CKA_PRIME_1: 'p', CKA_PRIME_2: 'q' }
    const more = { CKA_EXPONENT_1: 'dp', CKA_EXPONENT_2: 'dq', CKA_COEFFICIENT: 'qi' }
    const numbers = Object.entries({ ...parts, ...more }).map(([name, member]) => [name, unb64(key[member]!)] as const)
    return { ...this.#installed('CKK_RSA'), ...Object.fromEntries(numbers) }
  }

  #ecKey(key: Readonly<Record<string, string>>) {
    return { ...this.#installed('CKK_EC'), CKA_EC_PARAMS: Buffer.from(CURVES[key['crv']!]!, 'hex'), CKA_VALUE: unb64(key['d']!) }
  }

  #installed(type: string) {
    const kind = { CKA_CLASS: this.#const('CKO_PRIVATE_KEY'), CKA_KEY_TYPE: this.#const(type) }
    return { ...kind, CKA_TOKEN: false, CKA_PRIVATE: true, CKA_SENSITIVE: true, CKA_EXTRACTABLE: false, CKA_SIGN: true }
  }

  #padding(padding: Padding): Mechanism {
    if (padding === 'pkcs1') return { mechanism: this.#const('CKM_RSA_PKCS'), parameter: null }
    const hash = padding.slice('oaep-sha'.length)
    const [hashAlg, mgf] = [this.#const(hash === '1' ? 'CKM_SHA_1' : `CKM_SHA${hash}`), this.#const(`CKG_MGF1_SHA${hash}`)]
    const parameter = { type: this.#const('CK_PARAMS_RSA_OAEP'), hashAlg, mgf, source: 1 }
    return { mechanism: this.#const('CKM_RSA_PKCS_OAEP'), parameter }
  }

  #read(object: Handle, name: string): Buffer {
    const [found]: [{ readonly value: Buffer }] = this.#calls.C_GetAttributeValue(this.#session, object, [{ type: this.#const(name) }])
    return Buffer.from(found.value)
  }

  #attributes(values: Readonly<Record<string, unknown>>): Attributes {
    return Object.entries(values).map(([name, value]) => ({ type: this.#const(name), value }))
  }

  #const(name: string): number {
    const value = this.#names[name]
    if (value === undefined) throw new Error(`pkcs11js has no ${name}`)
    return value
  }
}

const PUBLIC_EXPONENT = Buffer.from([1, 0, 1])
/** The oldest mechanisms, which sign what was hashed elsewhere: every token has these or none. */
const SIGNS = { RSA: 'CKM_RSA_PKCS', EC: 'CKM_ECDSA' } as const
/** What stands before a SHA-256 hash in RSASSA-PKCS1-v1_5 (RFC 8017, 9.2, note 1). */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')

const [module, library, slotNumber, officerPin] = process.argv.slice(2)
if (module !== undefined && library !== undefined && officerPin !== undefined) serve(module, library, Number(slotNumber), officerPin)
