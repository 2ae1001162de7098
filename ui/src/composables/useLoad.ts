// Reading something from the engine for a screen: skeleton, rows or an error, and again whenever the data changed.

import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { asAppError, type AppError } from '@/host'
import { useSync } from '@/stores/sync'

/** What a screen shows of something that is being read. */
export interface Loaded<T> {
  data: ShallowRef<T | null>
  error: Ref<AppError | null>
  /** Nothing to show yet: skeletons. */
  loading: Ref<boolean>
  reload: () => Promise<void>
}

/** Calls `read` now, when what `source` returns changes, and after each change of data. Only the latest answer counts. */
export function useLoad<T>(read: () => Promise<T>, source: () => unknown = () => null, kinds: string[] = []): Loaded<T> {
  const data = shallowRef<T | null>(null)
  const error = ref<AppError | null>(null)
  const loading = ref(true)
  let asked = 0

  async function reload() {
    const mine = ++asked
    try {
      const answer = await read()
      if (mine !== asked) return
      data.value = answer
      error.value = null
    } catch (reason) {
      if (mine === asked) error.value = asAppError(reason)
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  // By value: a filter built anew with the same contents asks nothing again.
  watch(() => JSON.stringify(source()), () => void reload(), { immediate: true })
  const sync = useSync()
  watch(
    () => sync.revision,
    () => {
      if (kinds.length === 0 || sync.changed.length === 0 || kinds.some((kind) => sync.changed.includes(kind))) void reload()
    },
  )
  return { data, error, loading, reload }
}
