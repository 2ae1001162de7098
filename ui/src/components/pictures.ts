// Signatures and photos: made small enough to travel, handed to the engine as text, shown as data URLs.

import type { Order, Picture } from '@/host'

/** Longest side of a photo, in pixels: enough to read a scale's display and to tell grades apart. */
export const LONGEST = 1600
/** Most photos of one weighing (domain/src/blob.rs). */
export const MOST_PHOTOS = 9
const QUALITY = 0.85

/** The size a picture is drawn at so that its longest side is at most `longest`; small ones stay as they are. */
export function fitted(width: number, height: number, longest = LONGEST): { width: number; height: number } {
  const scale = Math.min(1, longest / Math.max(width, height, 1))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** A photo as a JPEG of at most 1600 px. Rejects with `picture_unreadable` for what is no picture. */
export async function shrunk(file: Blob): Promise<Blob> {
  const address = URL.createObjectURL(file)
  try {
    const image = await drawn(address)
    const { width, height } = fitted(image.naturalWidth, image.naturalHeight)
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const pen = canvas.getContext('2d')
    if (!pen) throw unreadable()
    // JPEG knows no transparency: what was clear is white.
    pen.fillStyle = '#fff'
    pen.fillRect(0, 0, width, height)
    pen.drawImage(image, 0, 0, width, height)
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY))
    if (!blob) throw unreadable()
    return blob
  } finally {
    URL.revokeObjectURL(address)
  }
}

const unreadable = () => ({ code: 'picture_unreadable', field: null, errors: [] })

function drawn(address: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image()
    image.onload = () => (image.naturalWidth > 0 ? resolve(image) : reject(unreadable()))
    image.onerror = () => reject(unreadable())
    image.src = address
  })
}

/** Bytes as text. */
export async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}

/** What an `<img>` shows. */
export const dataUrl = (picture: Picture): string => `data:${picture.type};base64,${picture.data}`

/** A picture of an order. */
export interface Shown {
  name: string
  kind: 'photo' | 'signature'
}

/** What an order shows: photos of the goods, oldest weighing first, then signatures; each once. */
export function picturesOf(order: Order): Shown[] {
  const photos = order.quotes.flatMap((quote) => quote.photos ?? []).map((name): Shown => ({ name, kind: 'photo' }))
  const signatures = order.acceptances.flatMap((a) => (a.blob ? [a.blob] : [])).map((name): Shown => ({ name, kind: 'signature' }))
  const seen = new Set<string>()
  return [...photos, ...signatures].filter(({ name }) => !seen.has(name) && seen.add(name))
}
