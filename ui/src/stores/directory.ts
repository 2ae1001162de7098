// People and stations this device knows, for names and for assigning.

import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { host, type Directory } from '@/host'
import { useSync } from './sync'

export const useDirectory = defineStore('directory', () => {
  const directory = ref<Directory>({ staff: [], stations: [], own_station: null })

  async function load() {
    directory.value = await host().directory()
  }

  const sync = useSync()
  watch(
    () => sync.revision,
    () => {
      if (sync.changed.includes('staff') || sync.changed.includes('station')) void load()
    },
  )

  return {
    directory, load,
    staffName: (id: string | null | undefined): string => directory.value.staff.find((s) => s.id === id)?.name ?? '',
    stationName: (id: string | null | undefined): string => directory.value.stations.find((s) => s.id === id)?.name ?? '',
  }
})
