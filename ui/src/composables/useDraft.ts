// Unsaved work, kept by the engine so that it survives a kill. Written half a second after the last change.

import { onScopeDispose, ref, toRaw, watch, type Ref } from 'vue'
import { host } from '@/host'

const PAUSE_MS = 400

/** Keeps `work` under `key`. `restore` reads it back once; `clear` forgets it when the work is done. */
export function useDraft<T extends object>(key: string, work: Ref<T>) {
  const savedAt = ref<string | null>(null)
  const restored = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let live = false

  async function write() {
    timer = undefined
    await host().draftPut(key, JSON.parse(JSON.stringify(toRaw(work.value))))
    savedAt.value = new Date().toISOString()
  }

  const stop = watch(
    work,
    () => {
      if (!live) return
      clearTimeout(timer)
      timer = setTimeout(() => void write(), PAUSE_MS)
    },
    { deep: true },
  )

  onScopeDispose(() => {
    stop()
    if (timer !== undefined) {
      clearTimeout(timer)
      void write()
    }
  })

  return {
    /** When the draft was last written; said at the form. */
    savedAt,
    /** The form was filled from a draft. */
    restored,
    async restore(): Promise<boolean> {
      const stored = (await host().draftGet(key)) as T | null
      if (stored) {
        work.value = stored
        restored.value = true
      }
      queueMicrotask(() => (live = true))
      return stored !== null
    },
    async clear() {
      live = false
      clearTimeout(timer)
      timer = undefined
      savedAt.value = null
      restored.value = false
      await host().draftDelete(key)
    },
  }
}
