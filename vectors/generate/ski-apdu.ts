/**
 * Vectors for the border between minidriver and card: commands and answers as APDUs. The faulty ones are in `ski-apdu-faults.ts`.
 * @module
 */
import { fromLabel } from './bytes.js'
import { anything, hexOf, listOf, object, oneOf, text, flag, vectorFile, whole, type Document, type Test } from './file.js'
import { answers, longAnswers, statuses } from './ski-apdu-answers.js'
import { badAnswers, badChains, badCommands } from './ski-apdu-faults.js'
import {
  hexes,
  type Message,
  AID,
  ALGORITHM,
  b64,
  chained,
  establishment,
  extended,
  PADDING,
  REFERENCE,
  response,
  sealed,
  SERVER_NONCE,
  SESSION,
  short,
  WRAPPED,
  type Algorithm,
  type Padding,
} from './ski-apdu-layouts.js'
import { le32 } from './ski-layouts.js'

export const apdu = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/apdu',
      title: 'Commands and answers of a card as APDUs',
      about: [
        '"command": the APDUs in "sent" go to a card one by one, which has just been reset. It gives the answers in "answered" by itself; the last APDU brings the message, or a refusal with its status word, the last of "answered".',
        '"form" says how a minidriver writes the message so that it travels as "sent": with extended lengths, or in chains of at most so many bytes. Without "form" a card has to take what our minidriver would not send.',
        '"answer": a minidriver has said "asked" and hears what stands in "answered", one by one; in between it says what stands in "sent". At the end it has the message.',
        '"status": what the minidriver returns to its caller for a status word.',
        'Messages carry bytes as base64url and references as hex. Keys, evidence and receipts are bytes of the right length and nothing more: their content is not looked at here.',
      ],
      flags: {
        Extended: 'Lengths of two or three bytes.',
        Chain: 'A command in several APDUs.',
        GetResponse: 'An answer in several APDUs.',
        ByteOrder: 'The order of the bytes matters.',
        Class: 'The class byte.',
        Length: 'Lengths that are wrong, or at an edge.',
        Parameters: 'P1 or P2.',
        Data: 'The content of the data field.',
      },
      members: {
        kind: oneOf(['command', 'answer', 'status'], 'What the test is about; see "about".'),
        form: object({ 'extended?': flag('Extended lengths.'), 'chunk?': whole('Bytes of data in one APDU.') }, 'How the message is written.'),
        sent: listOf(hexOf('An APDU.'), 'What the minidriver says.'),
        answered: listOf(hexOf('An APDU.'), 'What the card says.'),
        asked: anything('The message that is answered.'),
        message: anything('What it means.'),
        word: { type: 'string', pattern: '^[69][0-9A-F]{3}$', description: 'A status word.' },
        status: { type: 'integer', minimum: 0, description: 'The status that the minidriver returns.' },
        statusName: text('Its name.'),
      },
      always: ['kind'],
    },
    [...commands(), ...establishments(), ...forms(), ...answers(), ...longAnswers(), ...statuses(), ...badCommands(), ...badChains(), ...badAnswers()],
  )

const OK = response('', '9000')
const KEY = REFERENCE.toString('hex')

function command(id: string, requirement: string, comment: string, sent: readonly Buffer[], message: Message, more: Partial<Test> = {}): Test {
  const answered = hexes(sent.slice(1).map(() => OK))
  return { id: `command_${id}`, requirement, comment, kind: 'command', form: {}, ...more, sent: hexes(sent), answered, message, result: 'valid' }
}

function commands(): Test[] {
  const kinds = [
    ['rsa-2048', 1],
    ['rsa-3072', 2],
    ['rsa-4096', 3],
    ['ec-P-256', 0x11],
    ['ec-P-384', 0x12],
    ['ec-P-521', 0x13],
  ] as const
  const twoHex = (value: number) => value.toString(16).padStart(2, '0')
  const channel = 0
  const blobs = [fromLabel('ski/apdu/blob 0', 32), fromLabel('ski/apdu/blob 1', 48)]
  const sealing = { type: 'apdu.processSealed', channel, key: KEY }
  return [
    command('select', 'SKI-194', 'our application', [short('00a40400', AID, 256)], { type: 'apdu.select', channel }),
    ...[1, 2, 3].map((other) =>
      command(`challenge_channel_${other}`, 'SKI-193', `a nonce, on logical channel ${other}`, [short(`0${other}840000`, '', 256)], {
        type: 'apdu.challenge',
        channel: other,
      }),
    ),
    command('capabilities', 'SKI-202', 'what the card can do', [short('80ca0100', '', 256)], { type: 'apdu.capabilities', channel }),
    command('read_map', 'SKI-190', 'the container map', [short('80b00100', '', 256)], { type: 'apdu.readFile', channel, file: 'cmapfile', container: 0 }),
    command('read_certificate', 'SKI-190', 'the certificate of container 5', [short('80b00205', '', 256)], {
      type: 'apdu.readFile',
      channel,
      file: 'certificate',
      container: 5,
    }),
    command('write_map', 'SKI-190', 'a container map of one record', [short('80d60100', fromLabel('ski/apdu/map', 86))], {
      type: 'apdu.writeFile',
      channel,
      file: 'cmapfile',
      container: 0,
      data: b64(fromLabel('ski/apdu/map', 86)),
    }),
    command('write_nothing', 'SKI-190', 'an empty file', [short('80d60205')], { type: 'apdu.writeFile', channel, file: 'certificate', container: 5, data: '' }),
    ...kinds.map(([kind, code]) =>
      command(`generate_${kind.replaceAll('-', '_').toLowerCase()}`, 'SKI-195', `a key of the kind ${kind}`, [short(`804603${twoHex(code)}`, le32(1))], {
        type: 'apdu.generate',
        channel,
        container: 3,
        kind,
        pinId: 1,
      }),
    ),
    command(
      'generate_pin_id_order',
      'SKI-195',
      'the PIN id is little-endian',
      [short('80460301', '78563412')],
      { type: 'apdu.generate', channel, container: 3, kind: 'rsa-2048', pinId: 0x12345678 },
      { flags: ['ByteOrder'] },
    ),
    ...(['plain', 'attested', 'sharedKey'] as const).map((name, i) =>
      command(`read_key_${name.toLowerCase()}`, 'SKI-196', `a public key, evidence: ${name}`, [short(`8048030${i}`, '', 256)], {
        type: 'apdu.readKey',
        channel,
        container: 3,
        evidence: name,
      }),
    ),
    command('shared_bare', 'SKI-203', 'the shared key itself, which is an AES key of 256 bits', [short('80520000', '', 256)], {
      type: 'apdu.shareKey',
      channel,
      way: 'shared',
      algorithm: 'AES-256',
      proven: false,
      input: null,
    }),
    ...(Object.keys(ALGORITHM) as Algorithm[]).map((algorithm) =>
      command(
        `derived_bare_${algorithm.replaceAll('-', '_').toLowerCase()}`,
        'SKI-203',
        `a key for ${algorithm}, derived from the shared key`,
        [short('80520100', Buffer.concat([SESSION, SERVER_NONCE, Buffer.of(ALGORITHM[algorithm])]), 256)],
        { type: 'apdu.shareKey', channel, way: 'derived', algorithm, proven: false, input: b64(Buffer.concat([SESSION, SERVER_NONCE])) },
      ),
    ),
    command('agree', 'SKI-203', 'the server’s point', [short('80540300', fromLabel('ski/apdu/point', 72), 256)], {
      type: 'apdu.agree',
      channel,
      container: 3,
      peer: b64(fromLabel('ski/apdu/point', 72)),
    }),
    command('derive_bare', 'SKI-203', 'a key from an agreement', [short('80560000', Buffer.concat([REFERENCE, SESSION, SERVER_NONCE, Buffer.of(1)]), 256)], {
      type: 'apdu.deriveKey',
      channel,
      agreement: KEY,
      algorithm: 'AES-128',
      proven: false,
      input: b64(Buffer.concat([SESSION, SERVER_NONCE])),
    }),
    command('set_mode', 'SKI-198', 'the chaining mode', [short('804c0000', Buffer.concat([REFERENCE, Buffer.of(1, 1)]))], {
      type: 'apdu.setKeyProperty',
      channel,
      key: KEY,
      mode: 'CBC',
      iv: null,
    }),
    ...[16, 8].map((length) =>
      command(
        `set_iv_${length}`,
        'SKI-198',
        `an IV of ${length} bytes`,
        [short('804c0000', Buffer.concat([REFERENCE, Buffer.of(2), fromLabel('ski/apdu/iv', length)]))],
        { type: 'apdu.setKeyProperty', channel, key: KEY, mode: null, iv: b64(fromLabel('ski/apdu/iv', length)) },
      ),
    ),
    command('process_key_pair', 'SKI-199', 'a key pair in two blobs', [short('804e0000', Buffer.concat([REFERENCE, sealed(1, 3, 1, blobs)]), 256)], {
      ...sealing,
      function: 'Import Key Pair',
      container: 3,
      flags: 1,
      blobs: blobs.map(b64),
    }),
    command(
      'process_change_pin',
      'SKI-199',
      'a new PIN: no container',
      [short('804e0000', Buffer.concat([REFERENCE, sealed(2, 0xff, 1, blobs.slice(0, 1))]), 256)],
      { ...sealing, function: 'Change Authenticator', container: null, flags: 1, blobs: blobs.slice(0, 1).map(b64) },
    ),
    command(
      'process_authenticate',
      'SKI-199',
      'a PIN: no container, no flag',
      [short('804e0000', Buffer.concat([REFERENCE, sealed(3, 0xff, 0, blobs.slice(1))]), 256)],
      {
        ...sealing,
        function: 'Authenticate',
        container: null,
        flags: 0,
        blobs: blobs.slice(1).map(b64),
      },
    ),
    command('destroy', 'SKI-200', 'a session key or an agreement', [short('80500000', REFERENCE)], { type: 'apdu.destroyKey', channel, key: KEY }),
    command('delete', 'SKI-200', 'a container', [short('805a0300')], { type: 'apdu.deleteContainer', channel, container: 3 }),
    command('verify_typed', 'SKI-201', 'a PIN that was typed at the client', [short('00200001', Buffer.from('123456'))], {
      type: 'apdu.verify',
      channel,
      pinId: 1,
      pin: b64(Buffer.from('123456')),
    }),
    command('verify_pad', 'SKI-201', 'a PIN that is entered at the PIN pad', [short('00200001')], { type: 'apdu.verify', channel, pinId: 1, pin: null }),
    command('deauthenticate', 'SKI-201', 'the end of an authenticated state', [short('80220001')], { type: 'apdu.deauthenticate', channel, pinId: 1 }),
  ]
}

/** Commands that carry a key under RSA, or an establishment. */
function establishments(): Test[] {
  const channel = 0
  const session = { type: 'apdu.importSessionKey', channel, container: 3 }
  const none = [1, 0] as const
  const sharing = (way: 'shared' | 'derived') => {
    const input = establishment(way === 'shared' ? 3 : 4, 3, none, 0xff, Buffer.alloc(0))
    return command(`${way}_proven`, 'SKI-203', `the way ${way}, with an establishment`, [short(`80520${way === 'shared' ? 0 : 1}01`, input, 256)], {
      type: 'apdu.shareKey',
      channel,
      way,
      algorithm: 'AES-256',
      proven: true,
      input: b64(input),
    })
  }
  const point = establishment(2, 2, none, 3, fromLabel('ski/apdu/point of the server', 64))
  return [
    ...(Object.keys(PADDING) as Padding[]).flatMap((padding) => {
      const bare = Buffer.concat([Buffer.of(ALGORITHM['AES-256'], ...PADDING[padding], 0), WRAPPED])
      const proven = establishment(1, ALGORITHM['AES-192'], PADDING[padding], 3, WRAPPED)
      const word = padding.replaceAll('-', '_')
      return [
        command(
          `import_bare_${word}`,
          'SKI-197',
          `a session key under ${padding}, in a chain of two`,
          chained('804a0300', bare, 255, 256),
          { ...session, algorithm: 'AES-256', padding, proven: false, input: b64(WRAPPED) },
          { flags: ['Chain'] },
        ),
        command(
          `import_proven_${word}`,
          'SKI-197',
          `an establishment with a session key under ${padding}: algorithm and padding stand inside`,
          chained('804a0301', proven, 255, 256),
          { ...session, algorithm: 'AES-192', padding, proven: true, input: b64(proven) },
          { flags: ['Chain'] },
        ),
      ]
    }),
    command(
      'import_byte_order',
      'SKI-205',
      'an RSA ciphertext that begins with 80 and ends with 01: first byte first, in the message and here',
      [extended('804a0300', Buffer.concat([Buffer.of(3, 2, 0, 0, 0x80), Buffer.alloc(254), Buffer.of(1)]), 65536)],
      { ...session, algorithm: 'AES-256', padding: 'pkcs1', proven: false, input: b64(Buffer.concat([Buffer.of(0x80), Buffer.alloc(254), Buffer.of(1)])) },
      { flags: ['ByteOrder', 'Extended'], form: { extended: true } },
    ),
    sharing('shared'),
    sharing('derived'),
    command('derive_proven', 'SKI-203', 'a key from an agreement, with an establishment', [short('80560001', Buffer.concat([REFERENCE, point]), 256)], {
      type: 'apdu.deriveKey',
      channel,
      agreement: KEY,
      algorithm: 'AES-192',
      proven: true,
      input: b64(point),
    }),
  ]
}

/** The same command in every form that it may have. */
function forms(): Test[] {
  const data = fromLabel('ski/apdu/certificate', 700)
  const write = (length: number) => ({ type: 'apdu.writeFile', channel: 2, file: 'certificate', container: 5, data: b64(data.subarray(0, length)) })
  const bytes = (length: number) => data.subarray(0, length)
  const form = (id: string, comment: string, sent: readonly Buffer[], message: Message, more: Partial<Test>) =>
    command(`form_${id}`, 'SKI-191', comment, sent, message, more)
  const without = { form: undefined }
  const challenge = { type: 'apdu.challenge', channel: 0 }
  return [
    form('short_255', 'as much as one short command holds', [short('82d60205', bytes(255))], write(255), { flags: ['Length'] }),
    form('chain_256', 'a byte more', chained('82d60205', bytes(256), 255), write(256), { flags: ['Chain', 'Length'] }),
    form('chain_510', 'a chain of two that are full', chained('82d60205', bytes(510), 255), write(510), { flags: ['Chain', 'Length'] }),
    form('chain_700', 'a chain of three', chained('82d60205', bytes(700), 255), write(700), { flags: ['Chain'] }),
    form('chain_of_bytes', 'a chain in which every command has one byte', chained('82d60205', bytes(5), 1), write(5), { flags: ['Chain'], form: { chunk: 1 } }),
    form('chain_of_100', 'a chain of eight', chained('82d60205', bytes(700), 100), write(700), { flags: ['Chain'], form: { chunk: 100 } }),
    form(
      'chain_uneven',
      'a chain with links of any length',
      [short('92d60205', bytes(3)), short('92d60205', bytes(700).subarray(3, 200)), short('82d60205', bytes(201).subarray(200))],
      write(201),
      {
        flags: ['Chain'],
        ...without,
      },
    ),
    form('chain_with_empty_end', 'a chain whose last command brings nothing', [short('92d60205', bytes(5)), short('82d60205')], write(5), {
      flags: ['Chain'],
      ...without,
    }),
    form(
      'chain_mixed_lengths',
      'a chain with short and extended lengths',
      [extended('92d60205', bytes(300)), short('82d60205', data.subarray(300, 400))],
      write(400),
      {
        flags: ['Chain', 'Extended'],
        ...without,
      },
    ),
    form('extended_700', 'extended lengths', [extended('82d60205', bytes(700))], write(700), { flags: ['Extended'], form: { extended: true } }),
    form('extended_5', 'extended lengths where short ones would do', [extended('82d60205', bytes(5))], write(5), {
      flags: ['Extended'],
      form: { extended: true },
    }),
    form('extended_le', 'extended Le, as many as there are', [extended('00840000', '', 65536)], challenge, { flags: ['Extended'], form: { extended: true } }),
    form('le_16', 'Le exactly as long as the answer', [short('00840000', '', 16)], challenge, { flags: ['Length'], ...without }),
    form('le_1', 'a smaller Le: the rest waits', [short('00840000', '', 1)], challenge, { flags: ['Length'], ...without }),
    form('le_missing', 'no Le, as under T=0: all of the answer waits', [short('00840000')], challenge, { flags: ['Length'], ...without }),
    form(
      'le_unneeded',
      'Le where no answer comes',
      [short('805a0300', '', 256)],
      { type: 'apdu.deleteContainer', channel: 0, container: 3 },
      { flags: ['Length'], ...without },
    ),
  ].map((test) => Object.fromEntries(Object.entries(test).filter(([, value]) => value !== undefined)) as unknown as Test)
}
