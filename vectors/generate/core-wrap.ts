/**
 * Vectors for CKM_RSA_AES_KEY_WRAP as a mechanism: bytes in, bytes out. What the bytes mean is for `byok/transfer-blob`.
 * @module
 */
import { fromLabel } from './bytes.js'
import { AZURE_OAEP, hashLength, rsaAesWrap, type HashName, type Oaep } from './crypto.js'
import { hash, hexOf, keyName, oneOf, vectorFile, whole, type Document, type Test } from './file.js'
import { KEK_BITS, rsaKey, shownKeys } from './keys.js'
import { mechanismFaults, type BlobFault } from './wrap-faults.js'

export const rsaAesKeyWrap = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/rsa-aes-key-wrap',
      title: 'CKM_RSA_AES_KEY_WRAP (PKCS#11 v3.0 section 2.1.21): OAEP of an AES key, then KWP under it',
      about: [
        'Given "ephemeral" and "seed" the wrap is deterministic, so valid tests can run in both directions; a library that draws its own randomness unwraps.',
        '"check" names the row of the unwrap checks U1 to U6 that fails; all of them are refused alike, after the same amount of work.',
        'Where the token has no combined mechanism: RSAES-OAEP of "ephemeral", then AES-KWP of "payload", joined, is the same blob.',
      ],
      flags: { OtherMechanism: 'Other hashes than SHA-1, as other clouds use them.' },
      keys: shownKeys('kek-2048', 'kek-3072', 'kek-4096', 'kek-2048-other', 'rsa-1024'),
      members: {
        kek: keyName('The KEK.'),
        hash: hash('The hash of OAEP.'),
        mgf1: hash('The hash inside MGF1.'),
        ephemeral: hexOf('The AES key inside C1.'),
        seed: hexOf('The OAEP seed.'),
        payload: hexOf('What is wrapped.'),
        blob: hexOf('C1 followed by C2.'),
        c1Bytes: whole('The length of C1.'),
        check: oneOf(['split', 'U1', 'U2', 'U3', 'U4', 'U5', 'U6'], 'What fails.'),
      },
      always: ['kek', 'hash', 'mgf1', 'blob'],
      outputs: ['ephemeral', 'seed', 'payload', 'c1Bytes'],
    },
    [...valid(), ...mechanismFaults(Buffer.from('a payload of 29 bytes, or so.')).map(refused)],
  )

function valid(): Test[] {
  const good = (id: string, requirement: string, comment: string, bits: number, payload: Buffer, oaep: Oaep = AZURE_OAEP): Test => {
    const seed = fromLabel(`rsa-aes-key-wrap/seed/${id}`, hashLength[oaep.hash])
    const ephemeral = fromLabel(`rsa-aes-key-wrap/ephemeral/${id}`, 32)
    return {
      id,
      requirement,
      comment,
      ...(oaep === AZURE_OAEP ? {} : { flags: ['OtherMechanism'] }),
      kek: `kek-${bits}`,
      hash: oaep.hash,
      mgf1: oaep.mgf1,
      ephemeral: ephemeral.toString('hex'),
      seed: seed.toString('hex'),
      payload: payload.toString('hex'),
      blob: rsaAesWrap(rsaKey(`kek-${bits}`), ephemeral, payload, oaep, seed).toString('hex'),
      c1Bytes: bits / 8,
      result: 'valid',
    }
  }
  const payload = (length: number) => fromLabel(`rsa-aes-key-wrap/payload/${length}`, length)
  const all = (name: HashName): Oaep => ({ ...AZURE_OAEP, hash: name, mgf1: name })
  return [
    ...KEK_BITS.flatMap((bits) => [
      good(`kek_${bits}_payload_32_bytes`, 'BYOK-12', 'an AES key', bits, payload(32)),
      good(`kek_${bits}_payload_138_bytes`, 'BYOK-12', 'the length of a P-256 key', bits, payload(138)),
    ]),
    good('payload_one_byte', 'BYOK-12', 'the shortest payload; C2 has two blocks', 2048, payload(1)),
    good('payload_longest', 'BYOK-61', 'the longest payload: C2 has 4096 bytes', 2048, payload(4088)),
    good('payload_zeros', 'BYOK-55', 'a payload of zero bytes is not padding', 2048, Buffer.alloc(24)),
    good('sha256', 'BYOK-63', 'as AWS KMS and Google Cloud KMS offer it', 3072, payload(138), all('SHA-256')),
    good('sha384', 'BYOK-63', 'a longer hash', 3072, payload(138), all('SHA-384')),
    good('sha256_mgf1_sha1', 'BYOK-63', 'hash and MGF1 hash apart', 2048, payload(32), { ...AZURE_OAEP, hash: 'SHA-256' }),
  ]
}

const refused = ({ id, requirement, comment, kek, blob, check }: BlobFault): Test => ({
  id,
  requirement,
  comment,
  kek,
  hash: 'SHA-1',
  mgf1: 'SHA-1',
  blob: blob.toString('hex'),
  check,
  result: 'invalid',
  expect: 'decryption_failed',
})
