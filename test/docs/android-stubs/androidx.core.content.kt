package androidx.core.content

import android.content.Context
import android.content.Intent

object ContextCompat {
    fun checkSelfPermission(context: Context, permission: String): Int = 0
    fun startForegroundService(context: Context, intent: Intent) {}
}
