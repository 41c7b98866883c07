package androidx.lifecycle

interface LifecycleObserver

interface LifecycleOwner {
    val lifecycle: Lifecycle
}

class Lifecycle {
    fun addObserver(observer: LifecycleObserver) {}
}

interface DefaultLifecycleObserver : LifecycleObserver {
    fun onStart(owner: LifecycleOwner) {}
    fun onStop(owner: LifecycleOwner) {}
}

object ProcessLifecycleOwner : LifecycleOwner {
    override val lifecycle = Lifecycle()

    fun get(): LifecycleOwner = this
}
