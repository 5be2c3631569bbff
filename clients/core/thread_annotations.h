#pragma once

// Annotations that say which lock guards what. Clang's -Wthread-safety, which `./dev lint --tidy`
// turns on, holds the code against them; other compilers see nothing of them.
//
// They have a prefix because abseil, which gRPC's headers include, defines some of these names.

#if defined(__clang__)
#define BALANCE_THREAD_ANNOTATION(attribute) __attribute__((attribute))
#else
#define BALANCE_THREAD_ANNOTATION(attribute)
#endif

// For a class whose objects are locks; `kind` is its name in warnings.
#define BALANCE_CAPABILITY(kind) BALANCE_THREAD_ANNOTATION(capability(kind))

// For a class whose objects hold a lock as long as they live.
#define BALANCE_SCOPED_CAPABILITY BALANCE_THREAD_ANNOTATION(scoped_lockable)

// For a variable that is used only with the lock held.
#define BALANCE_GUARDED_BY(lock) BALANCE_THREAD_ANNOTATION(guarded_by(lock))

// For a pointer: the object behind it is used only with the lock held.
#define BALANCE_PT_GUARDED_BY(lock) BALANCE_THREAD_ANNOTATION(pt_guarded_by(lock))

// For a function, or a lambda between its parameters and its body, that is called only with the
// locks held.
#define BALANCE_REQUIRES(...) BALANCE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

// For a function that takes the locks and returns with them held.
#define BALANCE_ACQUIRE(...) BALANCE_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))

// For a function that is called with the locks held and releases them.
#define BALANCE_RELEASE(...) BALANCE_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
