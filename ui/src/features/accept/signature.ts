// The signature's picture, kept on the device before the acceptance names it; it goes up after the commands.

import { base64 } from '@/components/pictures'
import { host } from '@/host'

/** Stores the picture and returns its name; the caller names it in the acceptance only after this has succeeded. */
export const keepSignature = async (png: Blob): Promise<string> => host().picturePut(await base64(png))
