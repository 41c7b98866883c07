package android.view

import android.content.Context

open class View(context: Context) {
    fun interface OnClickListener {
        fun onClick(view: View)
    }

    fun setOnClickListener(listener: OnClickListener?) {}
}

abstract class ViewGroup(context: Context) : View(context) {
    fun addView(child: View) {}
}

class Window {
    fun addFlags(flags: Int) {}
}

object WindowManager {
    object LayoutParams {
        @Deprecated("since 27") const val FLAG_SHOW_WHEN_LOCKED = 0x80000
        @Deprecated("since 27") const val FLAG_TURN_SCREEN_ON = 0x200000
    }
}
