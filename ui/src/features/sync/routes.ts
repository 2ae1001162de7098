import type { RouteRecordRaw } from 'vue-router'

export default [
  { path: '/sync', name: 'sync', component: () => import('./SyncScreen.vue'), meta: { title: 'sync.title' } },
] satisfies RouteRecordRaw[]
