package androidx.core.telecom

import android.content.Context
import android.net.Uri
import android.telecom.DisconnectCause
import kotlinx.coroutines.CoroutineScope

class CallAttributesCompat(
    val displayName: CharSequence,
    val address: Uri,
    val direction: Int,
    val callType: Int = CALL_TYPE_AUDIO_CALL,
    val callCapabilities: Int = 0,
) {
    companion object {
        const val DIRECTION_INCOMING = 1
        const val CALL_TYPE_AUDIO_CALL = 1
        const val CALL_TYPE_VIDEO_CALL = 2
    }
}

abstract class CallControlResult

interface CallControlScope : CoroutineScope {
    suspend fun answer(callType: Int): CallControlResult
    suspend fun disconnect(disconnectCause: DisconnectCause): CallControlResult
}

class CallsManager(context: Context) {
    fun registerAppWithTelecom(capabilities: Int) {}

    suspend fun addCall(
        callAttributes: CallAttributesCompat,
        onAnswer: suspend (callType: Int) -> Unit,
        onDisconnect: suspend (disconnectCause: DisconnectCause) -> Unit,
        onSetActive: suspend () -> Unit,
        onSetInactive: suspend () -> Unit,
        block: CallControlScope.() -> Unit,
    ) {}

    companion object {
        const val CAPABILITY_BASELINE = 1
        const val CAPABILITY_SUPPORTS_VIDEO_CALLING = 2
    }
}
