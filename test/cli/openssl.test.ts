/**
 * The openssl command and ours, both ways: what we wrap it opens, and what it wraps we open.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openssl, OPENSSL_KINDS, opensslMissing } from '../crypto/openssl.js'
import { skip } from '../skip.js'
import { fileOf } from './blobs.js'
import { at, fresh, given, HSM_KID, keyferry, textOf } from './harness.js'

const OAEP = '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1'

/** AES key wrap with padding by `openssl enc`, in one direction. `null` where this openssl does not offer it. */
function keyWrap(direction: '-e' | '-d', key: Uint8Array, input: Uint8Array): Buffer | null {
  const [from, to] = [given('enc-in', input), at('enc-out')]
  const words = ['enc', direction, '-id-aes256-wrap-pad', '-K', Buffer.from(key).toString('hex'), '-iv', 'A65959A6', '-in', from, '-out', to]
  return spawnSync('openssl', words).status === 0 ? readFileSync(to) : null
}

const both = suite('openssl')
const reason = opensslMissing ?? (keyWrap('-e', Buffer.alloc(32), Buffer.alloc(20)) ? null : 'openssl enc has no key wrap')

if (reason !== null) skip(both, 'both ways', reason)
else
  for (const bits of [2048, 3072, 4096]) {
    const kekPrivate = given(`openssl-kek-${bits}`, openssl(`genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:${bits}`))
    const kek = given(`openssl-kek-${bits}.pub`, openssl(`pkey -pubout -in ${kekPrivate}`))
    const fingerprint = Buffer.from(openssl('dgst -sha256 -r', openssl(`pkey -pubin -in ${kek} -outform DER`)))
      .toString()
      .slice(0, 64)

    for (const kind of [...Object.keys(OPENSSL_KINDS), 'oct'] as const) {
      const isOct = kind === 'oct'
      const payload = isOct
        ? randomBytes(32)
        : Buffer.from(openssl('pkcs8 -topk8 -nocrypt -outform DER', openssl(`genpkey ${OPENSSL_KINDS[kind as keyof typeof OPENSSL_KINDS]}`)))
      const kty = isOct ? ['--kty', 'oct'] : []

      both(`BYOK-63 opens what we wrap: ${kind} under RSA-${bits}`, async () => {
        const out = fresh('byok')
        const words = ['--kek', kek, '--kid', HSM_KID, '--target', given('openssl-target', payload), '--out', out, '--confirm-fingerprint', fingerprint]
        const ran = await keyferry(['byok', 'wrap', ...words, ...kty])
        assert.is(ran.exit, 0, ran.err)
        const blob = Buffer.from(JSON.parse(textOf(out)).ciphertext, 'base64url')
        const ephemeral = openssl(`pkeyutl -decrypt -inkey ${kekPrivate} ${OAEP}`, blob.subarray(0, bits / 8))
        assert.is(ephemeral.length, 32)
        assert.equal(keyWrap('-d', ephemeral, blob.subarray(bits / 8)), payload)
      })

      both(`BYOK-63 wraps what we open: ${kind} under RSA-${bits}`, async () => {
        const ephemeral = randomBytes(32)
        const blob = Buffer.concat([openssl(`pkeyutl -encrypt -pubin -inkey ${kek} ${OAEP}`, ephemeral), keyWrap('-e', ephemeral, payload)!])
        for (const crypto of ['platform', 'pure']) {
          const out = fresh('key')
          writeFileSync(at('openssl.byok'), fileOf(blob))
          const words = ['--kek-private', kekPrivate, '--crypto', crypto, '--strict', '--out', out, ...kty]
          const ran = await keyferry(['byok', 'open', at('openssl.byok'), ...words])
          assert.is(ran.exit, 0, ran.err)
          assert.equal(readFileSync(out), payload)
        }
      })
    }
  }

both.run()
