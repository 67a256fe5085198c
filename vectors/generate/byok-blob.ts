/**
 * Vectors for transfer blobs (every KEK size with every kind of target, and every unwrap check), and for the plaintexts inside.
 * @module
 */
import { flipped, fromLabel } from './bytes.js'
import { AZURE_OAEP, cmac, oaepEncrypt, kwp, rsaAesWrap } from './crypto.js'
import { curve, hexOf, keyName, oneOf, PRIMALITY, publicPart, text, vectorFile, type Document, type Test } from './file.js'
import { fingerprint, KEK_BITS, rsaKey, shownKeys } from './keys.js'
import { plaintextFaults } from './target-faults.js'
import { ecTarget, KINDS, octTarget, plaintextForms, rsaTarget, type Kty, type Target } from './targets.js'
import { mechanismFaults } from './wrap-faults.js'

const CHECK_VALUE_LABEL = 'keyferry check value v1'
const CHECKS = ['U7', 'U8', 'U9', 'U10'] as const

export const transferBlob = (): readonly Document[] =>
  vectorFile(
    {
      path: 'byok/transfer-blob',
      title: 'Key transfer blobs: C1 followed by C2, as Azure Key Vault and Managed HSM import them',
      about: [
        'To check an HSM or a tool: give it the KEK\'s private half as a test key, let it unwrap "blob" as "kty" (and "crv"), and compare the public part or the check value with "public" and "identity".',
        'To check a sender that lets you choose its randomness: wrap "payload" with "ephemeral" and "seed" and compare with "blob".',
        'C1 is RSAES-OAEP with SHA-1, MGF1 with SHA-1 and an empty label; C2 is AES key wrap with padding (RFC 5649).',
        '"check" names the row of the unwrap checks that fails. "expect" is the exact code for the owner of the key: decryption_failed stands for U1 to U6, whose causes no one may tell apart. Towards a peer a vault answers all of them, U7 to U10 and the split included, with one refusal (transfer_refused, HTTP 400 BadParameter).',
        `"identity" is spki-sha256: and SHA-256 of the SubjectPublicKeyInfo, or aes-cmac: and AES-CMAC over the ASCII text "${CHECK_VALUE_LABEL}".`,
      ],
      flags: {
        Grid: 'One of the thirty combinations of KEK size and kind of target.',
        Producer: 'A form of plaintext that some HSM writes.',
        Split: 'The length does not fit the KEK.',
        Uniform: 'Has to be refused like every other bad blob, after the same work.',
      },
      keys: shownKeys('kek-2048', 'kek-3072', 'kek-4096', 'kek-2048-other', 'rsa-1024'),
      members: {
        kek: keyName('The KEK.'),
        kty: oneOf(['RSA-HSM', 'EC-HSM', 'oct-HSM'], 'The type that the import declares.'),
        crv: curve('The curve that the import declares.'),
        target: oneOf(
          KINDS.map(({ kind }) => kind),
          'The kind of the target.',
        ),
        ephemeral: hexOf('The AES key inside C1.'),
        seed: hexOf('The OAEP seed.'),
        payload: hexOf('The plaintext of C2.'),
        blob: hexOf('C1 followed by C2.'),
        check: oneOf(['split', 'U1', 'U2', 'U3', 'U4', 'U5', 'U6', ...CHECKS], 'What fails.'),
        primality: PRIMALITY,
        public: publicPart('The public part of the target.'),
        identity: text('What tells the target from others without showing it.'),
      },
      always: ['kek', 'kty', 'blob'],
      outputs: ['target', 'payload', 'public', 'identity'],
    },
    [...grid(), ...forms(), ...bad()],
  )

const identityOf = (target: Target): string =>
  target.spki ? `spki-sha256:${fingerprint(target.spki)}` : `aes-cmac:${cmac(target.payload, Buffer.from(CHECK_VALUE_LABEL)).toString('hex')}`

function wrapped(id: string, kek: string, payload: Buffer) {
  const ephemeral = fromLabel(`transfer-blob/ephemeral/${id}`, 32)
  const seed = fromLabel(`transfer-blob/seed/${id}`, 20)
  return {
    ephemeral: ephemeral.toString('hex'),
    seed: seed.toString('hex'),
    payload: payload.toString('hex'),
    blob: rsaAesWrap(rsaKey(kek), ephemeral, payload, AZURE_OAEP, seed).toString('hex'),
  }
}

const declared = (kty: Kty, crv?: string) => ({ kty: `${kty}-HSM`, ...(crv === undefined ? {} : { crv }) })

function grid(): Test[] {
  return KEK_BITS.flatMap((bits) =>
    KINDS.map((target): Test => {
      const id = `kek_${bits}_${target.kind.toLowerCase().replaceAll('-', '_')}`
      return {
        id,
        requirement: 'BYOK-14',
        comment: `${target.kind} under ${bits} bits`,
        flags: ['Grid'],
        kek: `kek-${bits}`,
        ...declared(target.kty, target.curve),
        target: target.kind,
        ...wrapped(id, `kek-${bits}`, target.payload),
        result: 'valid',
        public: target.public,
        identity: identityOf(target),
      }
    }),
  )
}

function forms(): Test[] {
  return plaintextForms()
    .filter(({ inBlob }) => inBlob)
    .map(({ id, requirement, comment, target, plaintext, lenientOnly }): Test => ({
      id: `form_${id}`,
      requirement,
      comment,
      flags: ['Producer'],
      kek: 'kek-3072',
      ...declared(target.kty, target.curve),
      target: target.kind,
      ...wrapped(`form_${id}`, 'kek-3072', plaintext),
      ...(lenientOnly ? { result: 'valid-lenient', expect: 'der_trailing_bytes' } : { result: 'valid' }),
      public: target.public,
      identity: identityOf(target),
    }))
}

function bad(): Test[] {
  const victim = ecTarget('P-256')
  const ofMechanism = mechanismFaults(victim.payload).map(({ id, requirement, comment, kek, blob, check }): Test => ({
    id,
    requirement,
    comment,
    flags: check === 'split' ? ['Split', 'Uniform'] : ['Uniform'],
    kek,
    ...declared('EC', 'P-256'),
    blob: blob.toString('hex'),
    check,
    result: 'invalid',
    expect: 'decryption_failed',
  }))
  const ofPlaintext = plaintextFaults()
    .filter(({ inBlob }) => inBlob)
    .map(({ id, requirement, comment, kty, crv, plaintext, check, expect, primality }, i): Test => {
      const kek = `kek-${KEK_BITS[i % 3]}`
      const { payload, blob } = wrapped(`bad_${id}`, kek, plaintext)
      return {
        id: `${check.toLowerCase()}_${id}`,
        requirement,
        comment,
        flags: ['Uniform'],
        kek,
        ...declared(kty, crv),
        payload,
        blob,
        check,
        ...(primality ? { primality } : {}),
        result: 'invalid',
        expect,
      }
    })
  return [...ofMechanism, ...ofPlaintext, ...ownKek(), ...swapped()]
}

/** U10: the KEK's own private half, or another private key of the same modulus, as target. */
function ownKek(): Test[] {
  return KEK_BITS.map((bits): Test => {
    const kek = `kek-${bits}`
    const target = rsaTarget(kek)
    const { payload, blob } = wrapped(`u10_${bits}`, kek, target.payload)
    return {
      id: `u10_kek_${bits}_as_target`,
      requirement: 'BYOK-60',
      comment: 'the target is the KEK: with other operations it would decrypt blobs',
      flags: ['Uniform'],
      kek,
      ...declared('RSA'),
      payload,
      blob,
      check: 'U10',
      result: 'invalid',
      expect: 'target_is_kek',
    }
  })
}

/** The halves in the wrong order, and a blob whose halves come from two wraps. */
function swapped(): Test[] {
  const payload = octTarget(32).payload
  const [a, b] = [fromLabel('transfer-blob/swapped/a', 32), fromLabel('transfer-blob/swapped/b', 32)]
  const c1 = (ephemeral: Buffer) => oaepEncrypt(rsaKey('kek-2048'), ephemeral, AZURE_OAEP, fromLabel('transfer-blob/swapped/seed', 20))
  // C2 is no number below the modulus under every key.
  const exchanged = (): Buffer => {
    for (let i = 0; ; i++) {
      const ephemeral = fromLabel(`transfer-blob/swapped/${i}`, 32)
      const second = kwp(ephemeral, payload)
      if (second[0]! < 0x80) return Buffer.concat([second, c1(ephemeral)])
    }
  }
  const fault = (id: string, comment: string, check: string, blob: Buffer): Test => ({
    id,
    requirement: 'BYOK-15',
    comment,
    flags: ['Uniform'],
    kek: 'kek-2048',
    ...declared('oct'),
    blob: blob.toString('hex'),
    check,
    result: 'invalid',
    expect: 'decryption_failed',
  })
  return [
    fault('halves_exchanged', 'C2 in front of C1', 'U2', exchanged()),
    fault('halves_of_two_blobs', 'C1 of one wrap and C2 of another', 'U4', Buffer.concat([c1(a), kwp(b, payload)])),
    fault('first_byte_changed', 'one bit of C1', 'U2', flipped(Buffer.concat([c1(a), kwp(a, payload)]), 0)),
    fault('last_byte_changed', 'one bit of C2', 'U4', flipped(Buffer.concat([c1(a), kwp(a, payload)]), -1)),
  ]
}

export const targetPlaintext = (): readonly Document[] =>
  vectorFile(
    {
      path: 'byok/target-plaintext',
      title: 'What comes out of a transfer blob, against what the import declared (unwrap checks U7 to U10)',
      about: [
        'RSA and EC keys are PKCS#8, symmetric keys are the key itself. The type is declared, never guessed.',
        'Where "kek" is given, the plaintext came in a blob for this KEK.',
        'The codes are for the owner of the key. Towards a peer they are all one refusal.',
      ],
      flags: {
        Producer: 'A form that some HSM writes.',
        Trailing: 'Bytes behind the DER.',
        Declared: 'Not what was declared.',
        Form: 'Not in the form of the declared type.',
        Arithmetic: 'The numbers are not those of a key.',
      },
      keys: shownKeys('kek-2048'),
      members: {
        kek: keyName('The KEK.'),
        kty: oneOf(['RSA', 'EC', 'oct'], 'The declared type.'),
        crv: curve('The declared curve.'),
        plaintext: hexOf('The octets.'),
        check: oneOf(CHECKS, 'What fails.'),
        primality: PRIMALITY,
        public: publicPart('The public part.'),
      },
      always: ['kty', 'plaintext'],
      outputs: ['public'],
    },
    [...plaintextValid(), ...plaintextInvalid()],
  )

function plaintextValid(): Test[] {
  const plain = KINDS.map((target): Test => ({
    id: target.kind.toLowerCase().replaceAll('-', '_'),
    requirement: { RSA: 'BYOK-65', EC: 'BYOK-66', oct: 'BYOK-67' }[target.kty],
    comment: 'as senders write it',
    kty: target.kty,
    ...(target.curve ? { crv: target.curve } : {}),
    plaintext: target.payload.toString('hex'),
    result: 'valid',
    public: target.public,
  }))
  const produced = plaintextForms().map(({ id, requirement, comment, target, plaintext, lenientOnly }): Test => ({
    id,
    requirement,
    comment,
    flags: lenientOnly ? ['Producer', 'Trailing'] : ['Producer'],
    kty: target.kty,
    ...(target.curve ? { crv: target.curve } : {}),
    plaintext: plaintext.toString('hex'),
    ...(lenientOnly ? { result: 'valid-lenient', expect: 'der_trailing_bytes' } : { result: 'valid' }),
    public: target.public,
  }))
  return [...plain, ...produced]
}

function plaintextInvalid(): Test[] {
  const kek = rsaTarget('kek-2048')
  const own: Test = {
    id: 'kek_as_target',
    requirement: 'BYOK-60',
    comment: 'the KEK itself',
    flags: ['Declared'],
    kek: 'kek-2048',
    kty: 'RSA',
    plaintext: kek.payload.toString('hex'),
    check: 'U10',
    result: 'invalid',
    expect: 'target_is_kek',
  }
  const flagOf = { U7: 'Form', U8: 'Declared', U9: 'Arithmetic' } as const
  return [
    ...plaintextFaults().map(({ id, requirement, comment, kty, crv, plaintext, check, expect, primality }): Test => ({
      id,
      requirement,
      comment,
      flags: [flagOf[check]],
      kty,
      ...(crv === undefined ? {} : { crv }),
      plaintext: plaintext.toString('hex'),
      check,
      ...(primality ? { primality } : {}),
      result: 'invalid',
      expect,
    })),
    own,
  ]
}
