/**
 * DER put together by hand, so that a test can spoil one thing and say where it is. Nothing here comes from `src/`.
 * @module
 */

/** Bytes from hex; white space is for the reader. */
export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s+/g, ''), 'hex'))

/** Byte strings behind each other. */
export const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))

/** One element with a minimal length. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = join(...parts)
  const size = content.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return join(Uint8Array.of(tag, ...length), content)
}

/** A SEQUENCE, an OCTET STRING, a BIT STRING of whole bytes. */
export const seq = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...parts)
export const octets = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x04, ...parts)
export const bits = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x03, Uint8Array.of(0), ...parts)

/** Identifiers as DER. */
export const oids = {
  rsa: hex('06 09 2a864886f70d010101'),
  oaep: hex('06 09 2a864886f70d010107'),
  pss: hex('06 09 2a864886f70d01010a'),
  ec: hex('06 07 2a8648ce3d0201'),
  ecdh: hex('06 05 2b8104010c'),
  ecmqv: hex('06 05 2b8104010d'),
  dsa: hex('06 07 2a8648ce380401'),
  ed25519: hex('06 03 2b6570'),
  p256: hex('06 08 2a8648ce3d030107'),
  p256k: hex('06 05 2b8104000a'),
  p224: hex('06 05 2b81040021'),
}

export const version = (value: number): Uint8Array => tlv(0x02, Uint8Array.of(value))
export const nothing = tlv(0x05)

/** The P-256 key of RFC 6979 A.2.5. */
export const ec256 = {
  d: hex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721'),
  x: hex('60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6'),
  y: hex('7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'),
}
export const point256 = join(Uint8Array.of(4), ec256.x, ec256.y)
export const ecAlgorithm = seq(oids.ec, oids.p256)
export const rsaAlgorithm = seq(oids.rsa, nothing)

/** ECPrivateKey with the optional fields given. */
export const ecPrivateKey = (...optional: readonly Uint8Array[]): Uint8Array => seq(version(1), octets(ec256.d), ...optional)
export const ecPoint = tlv(0xa1, bits(point256))
export const ecParameters = (oid: Uint8Array): Uint8Array => tlv(0xa0, oid)

/** An RSAPrivateKey whose numbers are small and mean nothing: a decoder does not look at them. */
export const rsaPrivateKey = (first = version(0), ...last: readonly Uint8Array[]): Uint8Array =>
  seq(first, ...[0x55, 0x03, 0x1b, 0x0b, 0x05, 0x07, 0x03, 0x09].map(version), ...last)
export const rsaPublicKey = (n = 0x55): Uint8Array => seq(version(n), version(3))

/** PKCS#8 around a private key. */
export const pkcs8 = (algorithm: Uint8Array, key: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array => seq(version(0), algorithm, octets(key), ...more)
