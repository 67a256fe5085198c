/**
 * Vectors for what a card answers: whole, in pieces, and what a minidriver makes of its status words.
 * @module
 */
import { fromLabel } from './bytes.js'
import type { Test } from './file.js'
import {
  b64,
  CARD_ID,
  CARD_NONCE,
  evidence,
  hexes,
  RECEIPT,
  REFERENCE,
  response,
  SERVER_NONCE,
  SESSION,
  short,
  SPKI,
  type Message,
} from './ski-apdu-layouts.js'

const KEY = REFERENCE.toString('hex')

function answer(
  id: string,
  requirement: string,
  comment: string,
  asked: Message,
  answered: readonly Buffer[],
  message: Message,
  more: Partial<Test> = {},
): Test {
  const said = { channel: 0, ...message }
  return { id: `answer_${id}`, requirement, comment, kind: 'answer', asked, sent: [], ...more, answered: hexes(answered), message: said, result: 'valid' }
}

const READ_KEY = { type: 'apdu.readKey', channel: 0, container: 3 }
const SHARE = { type: 'apdu.shareKey', channel: 0, way: 'derived', algorithm: 'AES-128', proven: false, input: b64(Buffer.concat([SESSION, SERVER_NONCE])) }
const PROCESS = { type: 'apdu.processSealed', channel: 0, key: KEY, function: 'Authenticate', container: null, flags: 0, blobs: [] }
const READ_FILE = { type: 'apdu.readFile', channel: 0, file: 'certificate', container: 5 }

export function answers(): Test[] {
  const product = Buffer.from('Kartenprodukt 7é', 'utf8')
  const key = (id: string, parts: readonly Buffer[], nonce: Buffer | null, receipt: Buffer | null) =>
    answer(
      `session_key_${id}`,
      'SKI-203',
      'a session key: nonce and receipt are there or not, and the length tells',
      SHARE,
      [response(Buffer.concat(parts), '9000')],
      {
        type: 'card.sessionKey',
        key: KEY,
        nonce: nonce && b64(nonce),
        receipt: receipt && b64(receipt),
      },
    )
  return [
    answer(
      'selected',
      'SKI-194',
      'card id, product, version',
      { type: 'apdu.select', channel: 0 },
      [response(Buffer.concat([CARD_ID, Buffer.of(product.length), product, Buffer.of(7)]), '9000')],
      {
        type: 'card.selected',
        cardId: b64(CARD_ID),
        product: product.toString('utf8'),
        version: 7,
      },
    ),
    answer(
      'capabilities',
      'SKI-202',
      'two ways, two algorithms, two paddings',
      { type: 'apdu.capabilities', channel: 0 },
      [response('0a000000 02 0103 0a000000 01 01 01', '9000')],
      {
        type: 'card.capabilities',
        mask: 10,
        algorithms: ['AES-128', 'AES-256'],
        paddings: 10,
        modes: ['CBC'],
      },
    ),
    answer(
      'capabilities_none',
      'SKI-202',
      'a card that takes no keys at all',
      { type: 'apdu.capabilities', channel: 0 },
      [response('00000000 00 00000000 00 01', '9000')],
      {
        type: 'card.capabilities',
        mask: 0,
        algorithms: [],
        paddings: 0,
        modes: [],
      },
    ),
    answer('challenge', 'SKI-193', 'a nonce', { type: 'apdu.challenge', channel: 0 }, [response(CARD_NONCE, '9000')], {
      type: 'card.challenge',
      nonce: b64(CARD_NONCE),
    }),
    answer('file_empty', 'SKI-190', 'an empty file', READ_FILE, [response('', '9000')], { type: 'card.file', data: '' }),
    ...(['user', 'session', 'agreement'] as const).map((purpose, code) =>
      answer(
        `key_${purpose}`,
        'SKI-196',
        `a key with the purpose ${purpose}`,
        { ...READ_KEY, evidence: 'plain' },
        [response(Buffer.concat([Buffer.of(code), SPKI]), '9000')],
        {
          type: 'card.publicKey',
          purpose,
          spki: b64(SPKI),
          evidence: null,
        },
      ),
    ),
    key('alone', [REFERENCE], null, null),
    key('nonce', [REFERENCE, CARD_NONCE], CARD_NONCE, null),
    key('receipt', [REFERENCE, RECEIPT], null, RECEIPT),
    key('nonce_receipt', [REFERENCE, CARD_NONCE, RECEIPT], CARD_NONCE, RECEIPT),
    answer('agreement', 'SKI-203', 'an agreement', { type: 'apdu.agree', channel: 0, container: 3, peer: b64(SPKI) }, [response(REFERENCE, '9000')], {
      type: 'card.agreement',
      agreement: KEY,
    }),
    answer('processed', 'SKI-199', 'a receipt', PROCESS, [response(RECEIPT, '9000')], { type: 'card.processed', output: b64(RECEIPT) }),
    answer('processed_silently', 'SKI-199', 'no output', PROCESS, [response('', '9000')], { type: 'card.processed', output: null }),
    answer('done', 'SKI-200', 'nothing to say', { type: 'apdu.destroyKey', channel: 0, key: KEY }, [response('', '9000')], { type: 'card.done' }),
    ...['63c2', '6401', '6883', '6983', '6985', '6a82', '6a88', '6f00', '6f12'].map((word) =>
      answer(`refused_${word}`, 'SKI-192', `${word.toUpperCase()}, a refusal`, PROCESS, [response('', word)], {
        type: 'card.refused',
        sw: Number.parseInt(word, 16),
      }),
    ),
  ]
}

/** Answers that do not come at once. */
export function longAnswers(): Test[] {
  const file = fromLabel('ski/apdu/certificate', 700)
  const proof = evidence(1)
  const shared = evidence(2, 32)
  const read = (id: string, comment: string, sent: readonly Buffer[], answered: readonly Buffer[]) =>
    answer(id, 'SKI-191', comment, READ_FILE, answered, { type: 'card.file', data: b64(file) }, { flags: ['GetResponse'], sent: hexes(sent) })
  const get = (le: number) => short('00c00000', '', le)
  const known = (id: string, purpose: string, asked: string, bytes: Buffer, sent: readonly Buffer[], answered: readonly Buffer[]) =>
    answer(
      id,
      'SKI-196',
      `evidence of the kind ${asked}: purpose and key stand inside`,
      { ...READ_KEY, evidence: asked },
      answered,
      {
        type: 'card.publicKey',
        purpose,
        spki: b64(SPKI),
        evidence: b64(bytes),
      },
      { flags: ['GetResponse'], sent: hexes(sent) },
    )
  return [
    read(
      'long',
      '256 bytes, 256 more, and 188',
      [get(256), get(188)],
      [response(file.subarray(0, 256), '6100'), response(file.subarray(256, 512), '61bc'), response(file.subarray(512), '9000')],
    ),
    read(
      'long_under_t0',
      'nothing at first',
      [get(256), get(256), get(188)],
      [response('', '6100'), response(file.subarray(0, 256), '6100'), response(file.subarray(256, 512), '61bc'), response(file.subarray(512), '9000')],
    ),
    read('long_at_once', 'with extended lengths', [], [response(file, '9000')]),
    known(
      'key_attested',
      'session',
      'attested',
      proof,
      [get(proof.length - 256)],
      [response(proof.subarray(0, 256), `61${(proof.length - 256).toString(16)}`), response(proof.subarray(256), '9000')],
    ),
    known('key_shared_key', 'agreement', 'sharedKey', shared, [], [response(shared, '9000')]),
  ]
}

export function statuses(): Test[] {
  const values = {
    SCARD_S_SUCCESS: 0,
    SCARD_E_INVALID_HANDLE: 0x80100003,
    SCARD_E_INVALID_PARAMETER: 0x80100004,
    SCARD_E_UNEXPECTED: 0x8010001f,
    SCARD_E_UNSUPPORTED_FEATURE: 0x80100022,
    SCARD_E_WRITE_TOO_MANY: 0x80100028,
    SCARD_E_NO_KEY_CONTAINER: 0x80100030,
    SCARD_W_SECURITY_VIOLATION: 0x8010006a,
    SCARD_W_WRONG_CHV: 0x8010006b,
    SCARD_W_CHV_BLOCKED: 0x8010006c,
  } as const
  const words: Readonly<Record<string, keyof typeof values>> = {
    '9000': 'SCARD_S_SUCCESS',
    '63C0': 'SCARD_W_WRONG_CHV',
    '63C2': 'SCARD_W_WRONG_CHV',
    '63CF': 'SCARD_W_WRONG_CHV',
    '6401': 'SCARD_E_UNEXPECTED',
    '6700': 'SCARD_E_INVALID_PARAMETER',
    '6881': 'SCARD_E_UNSUPPORTED_FEATURE',
    '6883': 'SCARD_E_UNEXPECTED',
    '6982': 'SCARD_W_SECURITY_VIOLATION',
    '6983': 'SCARD_W_CHV_BLOCKED',
    '6985': 'SCARD_E_UNEXPECTED',
    '6A80': 'SCARD_E_INVALID_PARAMETER',
    '6A81': 'SCARD_E_UNSUPPORTED_FEATURE',
    '6A82': 'SCARD_E_NO_KEY_CONTAINER',
    '6A84': 'SCARD_E_WRITE_TOO_MANY',
    '6A86': 'SCARD_E_INVALID_PARAMETER',
    '6A88': 'SCARD_E_INVALID_HANDLE',
    '6D00': 'SCARD_E_UNSUPPORTED_FEATURE',
    '6E00': 'SCARD_E_UNSUPPORTED_FEATURE',
    '6F00': 'SCARD_E_UNEXPECTED',
    '6300': 'SCARD_E_UNEXPECTED',
    '6999': 'SCARD_E_UNEXPECTED',
    '9100': 'SCARD_E_UNEXPECTED',
  }
  return Object.entries(words).map(([word, name]) => ({
    id: `status_${word.toLowerCase()}`,
    requirement: 'SKI-204',
    comment: `${word} becomes ${name}`,
    kind: 'status',
    word,
    status: values[name],
    statusName: name,
    result: 'valid',
  }))
}
