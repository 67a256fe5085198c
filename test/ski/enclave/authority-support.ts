/**
 * What the tests of documents share: certificates of recovery agents, keys of node's in our form, and the openssl command.
 * @module
 */
import { execFileSync } from 'node:child_process'
import type { PrivateKey } from '../../../src/crypto/keys.js'
import { decodePkcs8 } from '../../../src/crypto/pkcs8.js'
import { softwareAuthority, type SoftwareAuthority, type SoftwareAuthorityOptions } from '../../../src/ski/enclave/authority.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { pkijsPki } from '../../../tools/pki/index.js'
import { pairOf, type NodePair } from './server-node.js'

/** A private key of node's, in our form. */
export function keyOf(pair: NodePair): PrivateKey {
  const read = decodePkcs8(new Uint8Array(pair.privateKey.export({ type: 'pkcs8', format: 'der' })), { trailingZeros: false })
  if (!read.ok) throw new Error(read.fault.code)
  return read.value.key
}

/** 2026 to 2036. */
export const VALIDITY = { notBefore: 1_767_225_600, notAfter: 2_082_758_400 } as const

/** A CA with a key of a kind. */
export const authorityOf = (kind = 'ec-P-256', change: Partial<SoftwareAuthorityOptions> = {}): SoftwareAuthority =>
  softwareAuthority({
    crypto: nodeCrypto(),
    pki: pkijsPki(),
    signingKey: keyOf(pairOf(kind, 200)),
    subject: 'CN=Test CA,O=Keyferry',
    validity: VALIDITY,
    ...change,
  })

/** A recovery agent: its key, and its certificate. */
export async function agentOf(kind: string, number = 0): Promise<{ readonly pair: NodePair; readonly certificate: Uint8Array }> {
  const pair = pairOf(kind, 210 + number)
  return { pair, certificate: await authorityOf().certifyAgent(`CN=Recovery Agent ${number}`, keyOf(pair)) }
}

/** Runs openssl; `null` where it says no. */
export function openssl(args: readonly string[], input?: Uint8Array): Buffer | null {
  try {
    return execFileSync('openssl', args, { ...(input ? { input } : {}), stdio: ['pipe', 'pipe', 'pipe'] })
  } catch {
    return null
  }
}
