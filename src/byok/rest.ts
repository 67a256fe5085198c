/**
 * The REST interface of a vault as pure codecs: `rest-request.ts` for what a vault hears, `rest-answer.ts` for what it says,
 * `rest-fields.ts` for the parts they share. No connection, no tokens, no clock.
 *
 * @example
 * const heard = decodeRequest(http, { speaker: 'client', reading: 'lenient' })
 * const answer = heard.ok ? askTheVault(heard.value) : answerToBadRequest(heard.fault, requestIdOf(http.headers))
 * send(encodeAnswer(answer))
 *
 * @module
 */
export { answerToBadRequest, decodeAnswer, encodeAnswer, TRANSFER_REFUSAL, type AnswerFault, type HttpAnswer } from './rest-answer.js'
export { API_VERSIONS, BODY_LIMITS, type ApiVersionFault, type AttributesFault, type KeyOpsFault } from './rest-fields.js'
export {
  decodeRequest,
  encodeRequest,
  isRequestId,
  REQUEST_ID_HEADER,
  requestIdOf,
  type HttpRequest,
  type Listening,
  type RequestFault,
  type Speaker,
} from './rest-request.js'
