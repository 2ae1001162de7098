// Giving a command from a button: one at a time, its refusal in words.

import { ref } from 'vue'
import { asAppError, host, type AppError, type Executed } from '@/host'
import { useToasts } from '@/stores/toasts'

/** `run` gives the command and answers whether it was taken; a dialog that shows the refusal itself passes `quiet`. */
export function useCommand() {
  const toasts = useToasts()
  const busy = ref(false)
  const error = ref<AppError | null>(null)

  async function run(name: string, args: object, quiet = false): Promise<Executed | null> {
    if (busy.value) return null
    busy.value = true
    error.value = null
    try {
      return await host().execute(name, args)
    } catch (reason) {
      error.value = asAppError(reason)
      if (!quiet) toasts.fail(reason)
      return null
    } finally {
      busy.value = false
    }
  }

  return { busy, error, run }
}
