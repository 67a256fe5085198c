/**
 * What is wrong with a structure, in words: a sentence for every code that a codec of this folder's neighbours gives, and for those of the key
 * check.
 *
 * @module
 */
import type { StructureCode } from '../../bytes/little-endian.js'
import type { KeyFault } from '../../crypto/key-check.js'
import type { ApduFault } from '../apdu/apdu.js'
import type { CommandCode } from '../apdu/status-words.js'
import type { CardKeyFault } from '../blobs/card-key.js'
import type { KeyDataFault } from '../blobs/key-data.js'
import type { RsaKeyBlobFault } from '../blobs/rsa-key.js'
import type { FormatCode } from '../sealed/format.js'
import type { AuthenticateFault } from '../structures/authenticate.js'
import type { ChangeAuthenticatorFault } from '../structures/change-authenticator.js'
import type { ContainerInfoFault } from '../structures/container-info.js'
import type { ContainerMapFault } from '../structures/container-map.js'
import type { ImportKeypairFault } from '../structures/import-keypair.js'
import type { KeySizesFault } from '../structures/key-sizes.js'
import type { MultiStringFault } from '../structures/wide-text.js'
import type { CardDataCode } from './card-data-type.js'
import type { SealedCode } from './format-types.js'

type Code =
  | StructureCode
  | FormatCode
  | SealedCode
  | CardDataCode
  | CommandCode
  | 'key_size_differs'
  | (KeyFault | ApduFault | CardKeyFault | KeyDataFault | RsaKeyBlobFault)['code']
  | (AuthenticateFault | ChangeAuthenticatorFault | ImportKeypairFault)['code']
  | (ContainerInfoFault | ContainerMapFault | KeySizesFault | MultiStringFault)['code']

const TEXTS: Readonly<Record<Code, string>> = {
  structure_truncated: 'The bytes end too early',
  structure_trailing_bytes: 'Bytes follow behind the end',
  structure_reserved_not_zero: 'Reserved bytes are not zero',
  structure_length_differs: 'The length does not fit the bytes that there are',
  revision_too_low: 'The version of the structure is too low',
  revision_unknown: 'There is no such version of the structure',
  pointer_too_large: 'The pointer is not one that a process has',

  key_data_magic_unknown: 'The bytes do not begin like a key data blob',
  key_data_version_unknown: 'There is no such version of a key data blob',
  key_data_empty: 'There is no key in the blob',
  rsa_blob_magic_unknown: 'The bytes do not begin like an RSA key of CNG',
  rsa_blob_size_unsupported: 'The size of the modulus is none that a blob can say',
  rsa_blob_modulus_length_differs: 'The length of the modulus does not fit its size',
  rsa_blob_modulus_size_differs: 'The modulus has another size than the header says',
  rsa_blob_exponent_not_minimal: 'The public exponent is empty, or begins with a zero byte',
  rsa_blob_prime_not_minimal: 'A prime is empty, or begins with a zero byte',
  rsa_blob_primes_in_public: 'A public key announces primes',
  ecc_blob_magic_unknown: 'The bytes do not begin like an EC key of CNG',
  ecc_blob_length_differs: 'The length of the numbers is not that of the curve',
  capi_type_unexpected: 'The blob has another type',
  capi_version_unknown: 'There is no such version of a CAPI blob',
  capi_algorithm_unknown: 'The algorithm is none of RSA',
  capi_magic_unknown: 'The magic number is not that of this blob',
  capi_size_unsupported: 'The size of the modulus is none that a blob can say',
  capi_modulus_size_differs: 'The modulus has another size than the header says; perhaps it is big-endian',

  rsa_integer_not_minimal: 'A number of the key begins with a zero byte',
  rsa_modulus_size_unsupported: 'RSA keys of this size are not used here',
  rsa_modulus_even: 'The modulus is even',
  rsa_exponent_even: 'The public exponent is even',
  rsa_exponent_too_small: 'The public exponent is too small',
  rsa_exponent_too_large: 'The public exponent is too large',
  rsa_prime_size_wrong: 'A prime does not have half the size of the modulus',
  rsa_prime_even: 'A prime is even',
  rsa_primes_equal: 'The two primes are the same',
  rsa_prime_composite: 'What should be a prime is none',
  rsa_modulus_not_product: 'The modulus is not the product of the two primes',
  rsa_exponent_private_out_of_range: 'The private exponent is out of range',
  rsa_exponent_private_wrong: 'The private exponent does not belong to the public one',
  rsa_crt_dp_wrong: 'The first CRT exponent is not d mod p - 1',
  rsa_crt_dq_wrong: 'The second CRT exponent is not d mod q - 1',
  rsa_crt_qi_wrong: 'The CRT coefficient is not the inverse of q',
  ec_length_wrong: 'A number of the key has the wrong length',
  ec_point_not_on_curve: 'The point is not on the curve',
  ec_scalar_out_of_range: 'The private scalar is out of range',
  ec_curve_differs: 'The point is on another curve',
  ec_public_key_differs: 'The point is not the one that belongs to the private scalar',

  key_spec_unknown: 'There is no such key spec',
  key_spec_differs: 'The key is not of the sort that the key spec says',
  key_use_differs: 'The key is for another use than the key spec says',
  key_size_differs: 'The key has another size than the structure says',
  key_material_empty: 'There is no key material',
  card_key_form_differs: 'The blob holds the other half of a key pair',
  card_key_not_expressible: 'A card has no form for this key',
  authenticate_flags_unknown: 'There are no such flags',
  change_flags_unknown: 'The flags name neither a change nor an unblocking',
  pin_empty: 'A PIN is empty',

  container_info_pointer_differs: 'A key does not stand where the structure says',
  key_sizes_out_of_order: 'The default does not lie between minimum and maximum',
  container_flags_unknown: 'The flags of a record are none of a container',
  container_name_empty: 'A container has no name',
  container_name_unterminated: 'The name of a container has no end',
  container_name_surrogate: 'The name of a container has half of a surrogate pair in it',
  container_name_tail_not_zero: 'Something stands behind the end of the name of a container',
  container_map_too_long: 'There are more records than container indexes',
  card_data_version_unknown: 'There is no such version of the interface',

  wide_text_length_odd: 'UTF-16 does not have an odd number of bytes',
  wide_text_unterminated: 'The text does not end with a NUL',
  wide_text_trailing: 'Something stands behind the NUL that ends the text',
  wide_text_surrogate: 'There is half of a surrogate pair in the text',
  multi_string_unterminated: 'The list does not end with two NULs',
  multi_string_trailing: 'Something stands behind the end of the list',

  format_magic_unknown: 'The bytes do not begin with the magic word',
  format_version_unknown: 'There is no such version of the format',
  format_value_unknown: 'The field has no such value here',
  format_length_wrong: 'The length is not one that the field can have',
  sealed_length_differs: 'The length of the ciphertext does not fit the bytes that there are',
  sealed_length_not_blocks: 'The ciphertext is not made of whole blocks',
  sealed_count_zero: 'Sealed data of no blobs',

  apdu_truncated: 'The APDU ends too early',
  apdu_trailing_bytes: 'Bytes follow behind the APDU',
  apdu_length_zero: 'An extended length of zero',
  apdu_too_long: 'The answer is too long',
  status_word_invalid: 'The last two bytes are not a status word',
  apdu_length_wrong: 'The data field has the wrong length',
  apdu_channel_unknown: 'The logical channel is not supported',
  apdu_chain_broken: 'The chain is broken',
  apdu_nothing_waits: 'There is nothing to bring with GET RESPONSE',
  apdu_data_wrong: 'The data field says something that is not possible',
  apdu_application_unknown: 'The application is another one',
  apdu_parameters_wrong: 'P1 or P2 is wrong',
  apdu_reference_unknown: 'There is no such key or agreement',
  apdu_instruction_unknown: 'There is no such instruction',
  apdu_class_unknown: 'There is no such class, or not for this instruction',
}

/** The sentence for a code, without its full stop; for a code that is not ours, the code in words. */
export function faultText(code: string): string {
  if (Object.hasOwn(TEXTS, code)) return TEXTS[code as Code]
  const words = code.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
