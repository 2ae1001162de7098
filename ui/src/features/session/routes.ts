import type { RouteRecordRaw } from 'vue-router'

export default [
  { path: '/sign-in', name: 'sign-in', component: () => import('./SignInScreen.vue'), meta: { public: true } },
] satisfies RouteRecordRaw[]
