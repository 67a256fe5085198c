/**
 * The `openssl` command, where there is one: keys that somebody else's code wrote.
 * @module
 */
import { spawnSync } from 'node:child_process'

/** Runs `openssl` with input on stdin and gives stdout; a failure is an error. */
export function openssl(command: string, input: Uint8Array = new Uint8Array()): Uint8Array {
  const { status, stdout, stderr } = spawnSync('openssl', command.split(' '), { input })
  if (status !== 0) throw new Error(`openssl ${command}: ${stderr.toString()}`)
  return Uint8Array.from(stdout)
}

/** Why the command cannot be used, or `null`. */
export const opensslMissing: string | null = (() => {
  const { status, stdout } = spawnSync('openssl', ['version'])
  if (status !== 0) return 'no openssl command'
  return /^OpenSSL 3\./.test(stdout.toString()) ? null : `${stdout.toString().trim()} is not OpenSSL 3`
})()

/** How `openssl genpkey` names the kinds of key that BYOK knows. */
export const OPENSSL_KINDS = {
  'RSA-2048': '-algorithm RSA -pkeyopt rsa_keygen_bits:2048',
  'P-256': '-algorithm EC -pkeyopt ec_paramgen_curve:P-256',
  'P-256K': '-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1',
  'P-384': '-algorithm EC -pkeyopt ec_paramgen_curve:P-384',
  'P-521': '-algorithm EC -pkeyopt ec_paramgen_curve:P-521',
} as const
