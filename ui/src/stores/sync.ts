// State of sync, for the chip and the sync centre, and the signal that lists must be read again.

import { defineStore } from 'pinia'
import { ref } from 'vue'
import { host, type SyncStatus } from '@/host'

const NOTHING: SyncStatus = {
  chip: 'offline', running: false, pending: 0, pictures: 0, refused: 0, last_contact: null, offline_since: null, last_error: null,
  download: null, offline_switch: false, clock_offset_ms: null, rows: 0, repaired_scopes: 0, last_check: null, lease_ends: null,
}

export const useSync = defineStore('sync', () => {
  const status = ref<SyncStatus>(NOTHING)
  /** Raised whenever something the screens show has changed; `changed` says which kinds. */
  const revision = ref(0)
  const changed = ref<string[]>([])
  /** A start that failed, because the store was not open, is made again. */
  let listening = false

  const set = (next: SyncStatus) => {
    status.value = next
  }
  const touch = (kinds: string[]) => {
    changed.value = kinds
    revision.value += 1
  }

  return {
    status, revision, changed, touch,
    async start() {
      if (!listening) {
        listening = true
        await host().on('sync-status', set)
        await host().on('data-changed', (change) => touch(change.kinds))
      }
      set(await host().syncStatus())
    },
    refresh: async () => set(await host().syncStatus()),
    syncNow: async () => set(await host().syncNow()),
    setOffline: async (offline: boolean) => set(await host().setOffline(offline)),
    checkNow: async () => set(await host().checkNow()),
  }
})
