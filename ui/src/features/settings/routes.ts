import type { RouteRecordRaw } from 'vue-router'

export default [
  { path: '/settings', name: 'settings', component: () => import('./SettingsScreen.vue'), meta: { title: 'nav.settings' } },
] satisfies RouteRecordRaw[]
