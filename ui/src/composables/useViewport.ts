// Whether the window is narrow (tablet upright): rail at the foot, master and detail as two pages.

import { readonly, ref } from 'vue'

const query = window.matchMedia('(max-width: 899px)')
const narrow = ref(query.matches)
query.addEventListener('change', (change) => {
  narrow.value = change.matches
})

export const useViewport = () => ({ narrow: readonly(narrow) })
