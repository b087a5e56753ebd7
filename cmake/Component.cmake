# One function declares a component, so that the dependency rule is checked at configure time:
#
#   zoowarden_component(NAME core SOURCES a.cc b.cc DEPENDS base model LIBRARIES ...)
#
# DEPENDS names other components and is refused unless ZOOWARDEN_ALLOWED_<name> lists it.
# LIBRARIES names third-party targets, linked PRIVATE so that their headers stay in .cc files;
# PUBLIC_LIBRARIES is for the few that appear in headers.

# The whole dependency rule of the project, lowest first. agent and controller never see each other.
set(ZOOWARDEN_ALLOWED_base "")
set(ZOOWARDEN_ALLOWED_model "base")
set(ZOOWARDEN_ALLOWED_core "base;model")
set(ZOOWARDEN_ALLOWED_zk "base;model")
set(ZOOWARDEN_ALLOWED_sys "base")
set(ZOOWARDEN_ALLOWED_systemd "base")
set(ZOOWARDEN_ALLOWED_zknet "base;model;zk")
set(ZOOWARDEN_ALLOWED_journal "base;sys")
set(ZOOWARDEN_ALLOWED_config "base;model;sys")
set(ZOOWARDEN_ALLOWED_pki "base;sys")
set(ZOOWARDEN_ALLOWED_rpc "base;model;sys;pki;proto")
set(ZOOWARDEN_ALLOWED_plugin "base;sys")
set(ZOOWARDEN_ALLOWED_plugin_sdk "base")
set(ZOOWARDEN_ALLOWED_plugin_text "base;model;sys;config;plugin_sdk")
set(ZOOWARDEN_ALLOWED_agent "base;model;core;zk;zknet;sys;systemd;journal;config;pki;rpc;plugin;proto")
set(ZOOWARDEN_ALLOWED_controller
    "base;model;core;zk;sys;journal;config;pki;rpc;plugin;proto")

function(zoowarden_check_dependencies name)
  if(NOT DEFINED ZOOWARDEN_ALLOWED_${name})
    message(FATAL_ERROR "component '${name}' has no line in cmake/Component.cmake")
  endif()
  foreach(dependency IN LISTS ARGN)
    if(NOT dependency IN_LIST ZOOWARDEN_ALLOWED_${name})
      message(FATAL_ERROR "component '${name}' must not depend on '${dependency}': "
                          "allowed are: ${ZOOWARDEN_ALLOWED_${name}}")
    endif()
  endforeach()
endfunction()

function(zoowarden_component)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPENDS;LIBRARIES;PUBLIC_LIBRARIES" ${ARGN})
  zoowarden_check_dependencies(${ARG_NAME} ${ARG_DEPENDS})
  add_library(zoowarden_${ARG_NAME} STATIC ${ARG_SOURCES})
  target_include_directories(zoowarden_${ARG_NAME} PUBLIC ${CMAKE_SOURCE_DIR}
                                                          ${CMAKE_SOURCE_DIR}/lib)
  list(TRANSFORM ARG_DEPENDS PREPEND zoowarden_ OUTPUT_VARIABLE depends)
  target_link_libraries(zoowarden_${ARG_NAME}
    PUBLIC ${depends} ${ARG_PUBLIC_LIBRARIES}
    PRIVATE ${ARG_LIBRARIES} zoowarden_warnings)
endfunction()

# All of them, for who runs them and no tests.
add_custom_target(zoowarden_programs)

# An executable made of components; INSTALL names where below the prefix it belongs.
function(zoowarden_program name)
  cmake_parse_arguments(ARG "" "INSTALL" "SOURCES;COMPONENTS;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/lib)
  list(TRANSFORM ARG_COMPONENTS PREPEND zoowarden_)
  target_link_libraries(${name} PRIVATE ${ARG_COMPONENTS} ${ARG_LIBRARIES} zoowarden_warnings)
  add_dependencies(zoowarden_programs ${name})
  if(ARG_INSTALL)
    install(TARGETS ${name} DESTINATION ${ARG_INSTALL})
  endif()
endfunction()

# Unit and crash tests, and those for ThreadSanitizer: a sanitizer build compiles what it runs.
add_custom_target(zoowarden_unit_tests)
add_custom_target(zoowarden_tsan_tests)

# A GoogleTest program is one ctest test: starting a process per case would cost more than the cases.
#   LABEL unit|sim|contract|crash|integration   LOCK resource   TIMEOUT seconds
function(zoowarden_test name)
  cmake_parse_arguments(ARG "" "LABEL;LOCK;TIMEOUT" "SOURCES;COMPONENTS;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/lib)
  set(labels ${ARG_LABEL})
  if(ARG_LABEL MATCHES "^(unit|crash)$")
    add_dependencies(zoowarden_unit_tests ${name})
  endif()
  if(ARG_LABEL STREQUAL "unit")
    # Debian's gRPC is not instrumented: ThreadSanitizer only where it is not linked.
    set(with_grpc ${ARG_COMPONENTS})
    list(FILTER with_grpc INCLUDE REGEX "^(rpc|proto|agent|controller)$")
    if(NOT with_grpc)
      add_dependencies(zoowarden_tsan_tests ${name})
      list(APPEND labels tsan)
    endif()
  endif()
  list(TRANSFORM ARG_COMPONENTS PREPEND zoowarden_)
  target_link_libraries(${name}
    PRIVATE ${ARG_COMPONENTS} ${ARG_LIBRARIES} GTest::gmock_main zoowarden_warnings)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(ZOOWARDEN_SANITIZE) # which costs a multiple
    math(EXPR ARG_TIMEOUT "5 * ${ARG_TIMEOUT}")
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${ARG_TIMEOUT})
  if(ARG_LOCK)
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK ${ARG_LOCK})
  endif()
endfunction()
