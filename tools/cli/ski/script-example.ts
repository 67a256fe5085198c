/**
 * The example script: S1 under K1 (the page's way), published sealed data, an EC key pair into the card. Every secret in it
 * is a test value: the private key is that of RFC 6979, A.2.5. What is due is said at each call, so a person who has a
 * minidriver of his own can compare.
 * @module
 */

/** A session key of 32 bytes in `BCRYPT_KEY_DATA_BLOB`. */
const KEY_BLOB = `4b44424d0100000020000000${'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'}`
const IV = '202122232425262728292a2b2c2d2e2f'
/** `CARD_IMPORT_KEYPAIR`: version 7, container 1, PIN 1, AT_ECDSA_P256, 256 bits, 104 bytes of `BCRYPT_ECCKEY_BLOB` (ECS2). */
const STRUCTURE = [
  '070000000100000001000000030000000001000068000000',
  '4543533220000000',
  '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6',
  '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721',
].join('')

const client = { context: 'client' }
const server = { context: 'server' }
const done = { expect: 'SCARD_S_SUCCESS' }
const unsupported = { expect: 'SCARD_E_UNSUPPORTED_FEATURE' }

/** See the module text. */
export const EXAMPLE_SCRIPT = {
  description: 'A key pair, from a server without a card to a card without a server, call by call. Every secret here is a test value.',
  profile: 'published',
  calls: [
    { comment: 'The client has the card', call: 'CardAcquireContext', ...client, ...done },
    { call: 'CardGetProperty', ...client, property: 'Key Import Support', ...done },
    { comment: 'The holder enters the PIN at the PIN pad', call: 'CardAuthenticateEx', ...client, pinId: 1, pin: null, ...done },
    { comment: 'K1', call: 'CardCreateContainerEx', ...client, containerIndex: 0, flags: 1, keySpec: 1, keySize: 2048, pinId: 1, ...done },
    { call: 'CardGetContainerInfo', as: 'k1', ...client, containerIndex: 0, ...done },
    { call: 'CardGetProperty', ...client, property: 'Algorithms', flags: 1, ...done },
    { call: 'CardGetProperty', ...client, property: 'Padding Schemes', flags: 2, ...done },
    {
      comment: 'Step 17: S1, as the server wraps it',
      call: 'CardImportSessionKey',
      as: 'hc',
      ...client,
      containerIndex: 0,
      algorithm: 'AES',
      paddingInfo: { hash: 'SHA256', label: null },
      input: { wrapped: { testValue: KEY_BLOB, under: '$k1.spki', padding: 'oaep-sha256' } },
      flags: 8,
      ...done,
    },
    {
      comment: 'Not for a context with a card',
      call: 'MDEncryptData',
      ...client,
      handle: '$hc.handle',
      function: 'Import Key Pair',
      input: null,
      ...unsupported,
    },
    { comment: 'The server has no card', call: 'CardAcquireContext', ...server, flags: 1, ...done },
    { comment: 'Not for a context without one', call: 'CardGetContainerInfo', ...server, containerIndex: 0, ...unsupported },
    { comment: 'Step 22', call: 'MDImportSessionKey', as: 'hs', ...server, algorithm: 'AES', input: { testValue: KEY_BLOB }, ...done },
    { call: 'CardSetKeyProperty', ...server, handle: '$hs.handle', property: 'ChainingMode', input: { text: 'ChainingModeCBC' }, ...done },
    { call: 'CardSetKeyProperty', ...server, handle: '$hs.handle', property: 'IV', input: { hex: IV }, ...done },
    {
      comment: 'Step 24',
      call: 'MDEncryptData',
      as: 'sealed',
      ...server,
      handle: '$hs.handle',
      function: 'Import Key Pair',
      input: { testValue: STRUCTURE },
      ...done,
    },
    { comment: 'Step 27', call: 'CardSetKeyProperty', ...client, handle: '$hc.handle', property: 'ChainingMode', input: { text: 'ChainingModeCBC' }, ...done },
    { call: 'CardSetKeyProperty', ...client, handle: '$hc.handle', property: 'IV', input: { hex: IV }, ...done },
    { call: 'CardSetKeyProperty', ...client, handle: '$hc.handle', property: 'Keyferry Container', input: { u32: 1 }, ...done },
    { call: 'CardProcessEncryptedData', ...client, handle: '$hc.handle', function: 'Import Key Pair', blobs: '$sealed.blobs', ...done },
    { comment: 'The key is there', call: 'CardGetContainerInfo', ...client, containerIndex: 1, ...done },
    { call: 'CardDestroyKey', ...client, handle: '$hc.handle', ...done },
    { comment: 'A handle is destroyed once', call: 'CardDestroyKey', ...client, handle: '$hc.handle', expect: 'SCARD_E_INVALID_HANDLE' },
    { call: 'CardDestroyKey', ...server, handle: '$hs.handle', ...done },
    { call: 'CardDeleteContext', ...server, ...done },
    { call: 'CardDeleteContext', ...client, ...done },
  ],
} as const
