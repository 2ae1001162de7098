export default {
  title: '同步中心', state: '状态', last_contact: '上次联系服务器', never: '从未', last_check: '上次核对一致', rows: '本机记录', clock: '本机时钟', clock_fine: '与服务器一致', clock_off: '与服务器相差 {minutes} 分钟，请校准', clock_unknown: '未知', repaired: '核对不一致而重新获取', times: '{n} 次',
  last_error: '最近的问题', running: '正在同步…', sync_now: '现在同步', check_now: '现在核对', checked: '核对一致', synced: '同步完成',
  offline_switch: '离线开关', offline_note: '打开后不联系服务器，用于练习离线操作或节省流量', lost_title: '如果这台设备现在坏掉', lost_none: '什么都不会丢：所有操作都已在服务器上。', lost_some: '会丢失 {n} 条还没上传的操作，见下。', lost_only_pictures: '会丢失还没上传的图片；所有操作都已在服务器上。', pictures_wait: '{n} 张图片（签名、照片）等待上传。', lost_practice: '练习数据只在本机，从不上传。', drafts: '未完成的草稿 {n} 份（只在本机）',
  sign_in: '重新登录', diagnostics: '生成诊断文件', diagnostics_done: '诊断文件（不含个人信息）已写到 {path}', copy_path: '复制路径',
  needs_attention: '需要处理', waiting: '等待上传', practised: '练习时做过的', journal: '最近的结果', none_journal: '还没有结果', practice_title: '练习不用同步', practice_text: '在这里做什么都不会上传，可以放心试。', empty_title: '都同步好了', empty_text: '没有等待或被拒绝的操作。',
  outcome: { applied: '已生效', rejected: '被拒绝', conflict: '有冲突', waiting: '等待上传' }, refused_because: '原因：{text}', noted: '已生效，待核：{text}', theirs: '服务器上的现状：{state}', by: '{actor} · {time}',
  way: {
    fact: '这件事已经发生，记录还在本机，不会丢。先重发一次；还是不行就联系站点，处理好了再丢弃。', conflict: '请先打开看最新情况：还要这样做就重发，不需要了就丢弃。', edit: '改正后重发；不需要了就丢弃。', again: '可以重发一次；不需要了就丢弃。',
  },
  reweigh: '重新称重', edit: '修改后重发', resend: '原样重发', discard: '丢弃', call_station: '联系站点', open: '打开', resent: '已重新发送', discarded: '已丢弃这条操作', station_none: '本机没有站点信息',
  discard_dialog: { title: '丢弃这条操作？', text: '“{what}”（{subject}）将不再发送，也不会在服务器上生效。', fact: '这是已经发生的事实，丢弃前请先和站点核对。', go: '确定丢弃', keep: '保留' },
  station_dialog: { title: '联系站点', text: '请把下面的内容告诉站点：', station: '站点', address: '地址', what: '操作', code: '代码', number: '编号' },
  edit_dialog: { title: '修改后重发', time: '时间', reason: '原因', text: '说明', amount: '金额', method: '付款方式', assignee: '回收员', go: '重新发送' },
}
