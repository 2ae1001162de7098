// The signature's picture: named by its SHA-256 and kept as a draft until pictures are uploaded.

import { host } from '@/host'

/** A picture with its name. */
export interface Signed {
  sha: string
  png: Blob
}

/** Lower-case hexadecimal SHA-256. */
export async function sha256(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [...digest].map((b) => b.toString(16).padStart(2, '0')).join('')
}

/** The draft's key of a picture. */
export const signatureKey = (sha: string): string => `signature:${sha}`

/** Stores the picture and returns its name; the caller names it in the acceptance only after this has succeeded. */
export async function keepSignature(png: Blob, order: string, quote: string): Promise<string> {
  const bytes = new Uint8Array(await png.arrayBuffer())
  const sha = await sha256(bytes)
  await host().draftPut(signatureKey(sha), { v: 1, order_id: order, quote_id: quote, png: base64(bytes), at: new Date().toISOString() })
  return sha
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
