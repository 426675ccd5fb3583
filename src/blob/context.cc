#include "blob/context.h"
