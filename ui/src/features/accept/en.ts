export default {
  title_accept: 'Please confirm', title_pay: 'Payment', title_finish: 'Paid', title_done: 'Visit completed', title_cancelled: 'Appointment cancelled', title_unweighed: 'Not weighed yet',
  quantity: 'Quantity', gross: 'gross {n}', tare: 'tare {n}', because: 'Because: {reason}', estimated: 'estimated {amount}',
  you_get: 'You get', less: '{amount} less than the estimate of {estimate}', more: '{amount} more than the estimate of {estimate}', free: 'You may keep your goods; it costs you nothing.',
  sign_needed: 'Please sign here if you agree to this price', sign_optional: 'Signature (optional: “Accept” is enough)', sign_here: 'Sign with a finger or pen', sign_again: 'Sign again', sign_first: 'The price is far below the estimate: the customer signs first, then taps “Accept”.', signature_label: 'Signature area',
  yes: 'Accept', no: "Don't sell", sure: 'Not selling after all? The appointment is cancelled and the goods stay with you.', think_again: 'Think again', sure_yes: "Don't sell",
  to_pay: 'To pay', paid: 'Paid', due: 'For the goods', goods: 'Goods in detail', amount: 'Amount', given: 'Cash handed over', exact: 'exact', change_back: 'Customer gives back', change_short: '{amount} short',
  unreadable: 'Please enter an amount such as 174.63.', not_positive: 'The amount must be above 0.', over: '{amount} more than is due. Press again if that much was really paid.', pay_now: 'Paid {amount}', pay_anyway: 'Record {amount} anyway',
  wechat_later: 'WeChat transfer needs a connection and is not available yet', settled: 'Paid in full', finish: 'Complete the visit', done: 'This visit is completed', done_before: 'This visit was completed before',
  cancelled: 'The customer did not sell; the appointment is cancelled.', cancelled_paid: '{amount} was paid before cancelling: take it back and record the refund.', not_weighed: 'Weigh first, then ask the customer.',
  next: 'Next', open_next: 'Go there', no_next: 'No other appointments today.', to_today: 'Back to today',
}
