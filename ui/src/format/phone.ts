// Phone numbers, masked wherever the person looking does not need them.

/** `138****2046`; what is no mobile number keeps its last two characters only. */
export const maskedPhone = (phone: string): string => (/^\d{11}$/.test(phone) ? `${phone.slice(0, 3)}****${phone.slice(-4)}` : phone === '' ? '' : `****${phone.slice(-2)}`)
