package android.content

import android.content.pm.PackageManager
import android.net.Uri
import java.io.File
import kotlin.io.path.createTempDirectory

/** One app's world: everything made here shares it. */
abstract class Context {
    val packageName = "com.example.calls"
    val packageManager = PackageManager()
    val noBackupFilesDir: File get() = folder
    val applicationContext: Context get() = this

    fun <T> getSystemService(service: Class<T>): T = service.getDeclaredConstructor().newInstance()
    fun getSharedPreferences(name: String, mode: Int): SharedPreferences = preferences.getOrPut(name) { SharedPreferences() }
    fun startActivity(intent: Intent) {}
    fun stopService(intent: Intent): Boolean = true

    companion object {
        const val MODE_PRIVATE = 0
        private val folder by lazy { createTempDirectory("phone").toFile().apply { deleteOnExit() } }
        private val preferences = HashMap<String, SharedPreferences>()
    }
}

open class ContextWrapper : Context()

class SharedPreferences {
    private val values = HashMap<String, String?>()

    fun getString(key: String, fallback: String?): String? = values[key] ?: fallback
    fun edit() = Editor()

    inner class Editor {
        fun putString(key: String, value: String?) = apply { values[key] = value }
        fun remove(key: String) = apply { values.remove(key) }
        fun apply() {}
    }
}

class Intent() {
    constructor(context: Context, target: Class<*>) : this()
    constructor(action: String, uri: Uri) : this()

    private val extras = HashMap<String, Any?>()
    var action: String? = null
        private set

    fun setAction(action: String?) = apply { this.action = action }
    fun setData(data: Uri?) = this
    fun putExtra(name: String, value: String?) = apply { extras[name] = value }
    fun putExtra(name: String, value: Boolean) = apply { extras[name] = value }
    fun putExtra(name: String, value: Long) = apply { extras[name] = value }
    fun getStringExtra(name: String): String? = extras[name] as String?
    fun getBooleanExtra(name: String, fallback: Boolean): Boolean = extras[name] as Boolean? ?: fallback
    fun getLongExtra(name: String, fallback: Long): Long = extras[name] as Long? ?: fallback
}

abstract class BroadcastReceiver {
    private val pending = PendingResult()

    abstract fun onReceive(context: Context, intent: Intent)
    fun goAsync(): PendingResult = pending

    class PendingResult {
        val finished = java.util.concurrent.CountDownLatch(1)

        fun finish() = finished.countDown()
    }
}
