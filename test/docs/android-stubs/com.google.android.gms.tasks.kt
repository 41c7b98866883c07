package com.google.android.gms.tasks

fun interface OnSuccessListener<T> {
    fun onSuccess(result: T)
}

class Task<T> {
    fun addOnSuccessListener(listener: OnSuccessListener<in T>) = this
}
