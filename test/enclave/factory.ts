/**
 * The software enclave as the contract wants it, over any crypto provider.
 * @module
 */
import type { Crypto } from '../../src/crypto/crypto.js'
import { publicPart } from '../../src/crypto/key-parts.js'
import { softwareEnclave } from '../../src/enclave/software.js'
import type { WitnessedSecret } from '../../src/enclave/witness.js'
import type { Make } from './contract-case.js'
import { SIGNING_KEY, VAULT, ecKey, gated } from './support.js'

/** A factory of software enclaves over what `provider` makes. */
export const softwareFactory =
  (provider: () => Crypto): Make =>
  ({ role, singleUse = true, without = [], gated: wantsGate = false, witnessed = false }) => {
    const secrets: WitnessedSecret[] = []
    const slow = wantsGate ? gated(provider()) : null
    const signingKey = ecKey(SIGNING_KEY)
    const enclave = softwareEnclave({
      crypto: slow?.crypto ?? provider(),
      policy: { singleUse },
      without,
      ...(role === 'vault' ? { identity: { vault: VAULT, signingKey } } : { anchors: [publicPart(signingKey)] }),
      ...(witnessed ? { witness: (secret: WitnessedSecret) => void secrets.push(secret) } : {}),
    })
    return { enclave, secrets, gate: slow?.gate ?? null }
  }
