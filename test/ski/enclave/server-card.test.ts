/**
 * Both enclaves together: what the server seals, the software card installs, and each believes the other's word.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CardAnswer, CardCommand, SecureFunction, ServerCommand, SkiHandle } from '../../../src/ski/enclave/commands.js'
import { softwareCard } from '../../../src/ski/enclave/card.js'
import { cardIssuer, personalise } from '../../../src/ski/enclave/issuer.js'
import type { ServerProof, Way } from '../../../src/ski/policy.js'
import { publicPart } from '../../../src/crypto/key-parts.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { stocked } from '../../enclave/support.js'
import { b64 } from './card-node.js'
import { ISSUER, MASTER_KEY, SERVER_KEY } from './server-node.js'
import { ask, BOUND, ecKeyOf, K2_TERMS, make, PUBLISHED } from './server-support.js'

const together = suite('both enclaves together')

type AskCard = <T extends CardAnswer['type']>(command: CardCommand, type: T) => Promise<Extract<CardAnswer, { type: T }>>

async function newCard(sealedData: 'published' | 'bound', serverProof: ServerProof): Promise<{ readonly tell: AskCard; readonly cardId: string }> {
  const crypto = stocked(nodeCrypto())
  const issuer = cardIssuer({ crypto, signingKey: ecKeyOf(ISSUER) })
  const policy = { ...(sealedData === 'bound' ? BOUND : PUBLISHED), serverProof }
  const serverKey = publicPart(ecKeyOf(SERVER_KEY))
  const pins = [{ id: 1, value: new Uint8Array(Buffer.from('holder-holder-0')), tries: 3 }]
  const options = await personalise({ crypto, issuer, masterKey: Uint8Array.from(MASTER_KEY), serverKey, policy, pins })
  const card = softwareCard(options)
  const tell: AskCard = async (command, type) => {
    const answer = await card.perform('reader', command)
    assert.is(answer?.type === 'enclave.refused' ? `refused: ${JSON.stringify(answer.fault)}` : answer?.type, type)
    return answer as never
  }
  return { tell, cardId: b64(options.cardId) }
}

const channel = 0

for (const sealedData of ['published', 'bound'] as const)
  for (const way of ['session', 'agreement', 'shared', 'derived'] as const satisfies readonly Way[])
    for (const proof of ['none', 'signature', 'sharedKey'] as const satisfies readonly ServerProof[])
      together(`SKI-40 SKI-54 ${way}, ${sealedData}, proof ${proof}: a key pair is installed and a PIN is changed`, async () => {
        for (const name of ['Import Key Pair', 'Change Authenticator'] as const satisfies readonly SecureFunction[]) {
          const subject = make({ policy: { sealedData } })
          const { tell, cardId } = await newCard(sealedData, proof)
          const begun = await ask(subject, 'c', { type: 'beginSession' }, 'enclave.sessionBegun')

          // Steps 5 to 15.
          const hasK1 = way === 'session' || way === 'agreement'
          const named = sealedData === 'bound' || proof !== 'none'
          if (hasK1) await tell({ type: 'makeK1', channel, container: 3, kind: way === 'session' ? 'rsa-2048' : 'ec-P-256', pinId: 0 }, 'enclave.k1Made')
          const k1 = hasK1 ? await tell({ type: 'readKey', channel, container: 3, evidence: 'attested' }, 'enclave.keyRead') : null
          const drawn = !hasK1 && named ? await tell({ type: 'drawNonce', channel }, 'enclave.nonceDrawn') : null
          const claim = { type: 'judgeCard', way, cardId, nonce: drawn?.nonce ?? null, spki: k1?.spki ?? null, evidence: k1?.evidence ?? null } as const
          const judged = await ask(subject, 'c', claim, 'enclave.cardJudged')
          assert.equal([judged.proof, judged.cardId], [hasK1 ? 'attested' : 'none', cardId])

          // Steps 16 to 23.
          const offer = { card: judged.card, algorithm: 'AES-256', proof } as const
          let blob: SkiHandle | null = null
          let ready: Extract<CardAnswer, { type: 'enclave.sessionKeyReady' }>
          if (way === 'session') {
            const made = await ask(subject, 'c', { type: 'wrapSessionKey', ...offer, container: 3, padding: 'oaep-sha256' }, 'enclave.sessionKeyMade')
            blob = made.blob
            const { input, proven } = made
            ready = await tell(
              { type: 'importSessionKey', channel, container: 3, algorithm: 'AES-256', padding: 'oaep-sha256', proven, input },
              'enclave.sessionKeyReady',
            )
          } else if (way === 'agreement') {
            const made = await ask(subject, 'c', { type: 'agreeSessionKey', ...offer, container: 3 }, 'enclave.sessionKeyMade')
            blob = made.blob
            const { agreement } = await tell({ type: 'agree', channel, container: 3, peer: made.peer! }, 'enclave.agreed')
            const { input, proven } = made
            ready = await tell({ type: 'deriveKey', channel, agreement, algorithm: 'AES-256', proven, input }, 'enclave.sessionKeyReady')
          } else {
            const made = await ask(subject, 'c', { type: 'offerSharedKey', ...offer, way }, 'enclave.sharedKeyOffered')
            // The minidriver takes the algorithm off the end of an input that brings no proof.
            const bare = made.input === null ? null : b64(Buffer.from(made.input, 'base64url').subarray(0, 32))
            const input = made.proven ? made.input : bare
            ready = await tell({ type: 'shareKey', channel, way, algorithm: 'AES-256', proven: made.proven, input }, 'enclave.sessionKeyReady')
          }
          if (sealedData === 'bound') {
            const confirm = { type: 'confirmSession', card: judged.card, blob, nonce: hasK1 ? null : ready.nonce, receipt: ready.receipt! } as const
            assert.is((await ask(subject, 'c', confirm, 'enclave.sessionConfirmed')).genuine, true)
          }
          const load: ServerCommand = blob
            ? { type: 'mdImportSessionKey', blob, blobType: 'KeyDataBlob', algorithm: 'AES' }
            : { type: 'mdSharedKey', input: ready.nonce }
          const { key } = await ask(subject, 'c', load, 'enclave.mdKeyReady')
          assert.is.not(begun.session, '')

          // Steps 24 to 31.
          const { iv } = await ask(subject, 'c', { type: 'drawIv', algorithm: 'AES-256' }, 'enclave.ivDrawn')
          await ask(subject, 'c', { type: 'setKeyProperty', key, mode: 'CBC', iv }, 'enclave.propertySet')
          await tell({ type: 'setKeyProperty', channel, key: ready.key, mode: 'CBC', iv }, 'enclave.propertySet')
          const container = name === 'Import Key Pair' ? K2_TERMS.container : null
          const seal = async (structure: SkiHandle) => {
            const { blobs } = await ask(subject, 'c', { type: 'mdEncrypt', key, function: name, blob: structure, flags: 1, pieces: 3 }, 'enclave.mdEncrypted')
            return await tell({ type: 'processSealed', channel, key: ready.key, function: name, container, flags: 1, blobs }, 'enclave.processed')
          }
          if (name === 'Import Key Pair') {
            const k2 = await ask(subject, 'c', { type: 'makeKeyPair', kind: 'ec-P-384' }, 'enclave.keyPairMade')
            const composed = await ask(subject, 'c', { type: 'composeKeyPair', key: k2.key, ...K2_TERMS, keySpec: 4 }, 'enclave.composed')
            const { output } = await seal(composed.blob)
            const onCard = await tell({ type: 'readKey', channel, container: K2_TERMS.container, evidence: 'plain' }, 'enclave.keyRead')
            assert.equal([onCard.spki, onCard.purpose], [k2.spki, 'user'])
            if (sealedData === 'published') continue
            const confirm = { type: 'confirmInstalled', container: K2_TERMS.container, fingerprint: k2.fingerprint, receipt: output! } as const
            assert.is((await ask(subject, 'c', confirm, 'enclave.installedConfirmed')).genuine, true)
          } else {
            const pin = subject.server.holdPin('c', Buffer.from('holder-holder-0'))
            const next = subject.server.holdPin('c', Buffer.from('holder-holder-1'))
            const composed = await ask(
              subject,
              'c',
              { type: 'composePin', function: name, flags: 2, pinId: 1, pin, target: { pinId: 1, pin: next, tries: 3 } },
              'enclave.composed',
            )
            const { output } = await seal(composed.blob)
            const opened = await ask(subject, 'c', { type: 'mdOpenResponse', key, function: name, blobs: [output!] }, 'enclave.responseOpened')
            assert.equal([opened.attemptsRemaining, opened.sessionPin], [3, null])
            await tell({ type: 'verifyPin', channel, pinId: 1, pin: { typed: b64(Buffer.from('holder-holder-1')) } }, 'enclave.pinVerified')
          }
        }
      })

together.run()
